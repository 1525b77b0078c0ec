# SPDX-License-Identifier: BSD-2-Clause
"""A core on a bus: its bench, what goes into it, and what golden says that comes out.

The drivers and monitors of the buses are those of cocotbext-axi.
"""

import random
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from cocotb.clock import Clock
from cocotb.simtime import get_sim_time
from cocotb.triggers import RisingEdge, Timer
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from firstspike.golden import (
    Features,
    LearningState,
    Network,
    Results,
    Settings,
    encode,
    events,
    infer,
    learn,
)
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.bus_core import BusCore
from firstspike.hdl.bus.core_map import DECISION, NO_ROW, TAG_BITS, core_map, decision_words
from firstspike.hdl.bus.images import PIXELS, Images
from firstspike.hdl.bus.register import RegisterMap
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.sim.harness.bench_io import arguments
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.verilog import verilog_of
from tests.support.simulators import EITHER

PERIOD = 10


def tag_of(image: int) -> int:
    """The tag that a bench gives to its image of this number; no image of a test has tag 0."""
    return (image + 1) % (1 << TAG_BITS)


@dataclass(frozen=True, kw_only=True)
class BusParameters:
    """The arguments of the bench."""

    map: RegisterMap
    images_bus: str
    frames: Sequence[bytes] = ()
    """Bytes of each image."""
    weights: Sequence[int] = ()
    """Words that are written into weight_data at first, and read back."""
    labels: Sequence[int] = ()
    """Class that each image is learned as; -1 for an image that is only decided."""
    rule: dict[str, int] = field(default_factory=dict)
    """Settings, and the seed."""
    steps: int = 0
    """How often a program that uses the driver does something."""
    pauses: bool = False
    patience: int = 100_000
    """Cycles after which a decision will not come."""
    library: str = ""
    """Path of a library in C that uses the core."""
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class BusOutcome:
    """The results that the bench has read."""

    decisions: list[list[int]]
    """The words of each."""
    cycles: list[int] = field(default_factory=list)
    """Clock cycle of the first beat of each."""
    registers: dict[str, int] = field(default_factory=dict)
    """Contents of some registers at the end."""
    weights: list[int] = field(default_factory=list)
    """Read back."""
    printed: str = ""
    """Text that the firmware printed."""


def pauses_at_random(seed: int) -> Iterator[bool]:
    """Pauses, cycle by cycle: rare, frequent and none by turns."""
    choice = random.Random(seed)
    while True:
        probability = choice.choice((0, 0.1, 0.5, 0.9))
        for _ in range(choice.randrange(1, 40)):
            yield choice.random() < probability


class BusBench:
    """The core, with a source of images, a sink of decisions, and a master of the registers."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.arguments = arguments(BusParameters)
        self.map = self.arguments.map
        clock = (dut.aclk, dut.aresetn, False)
        self.source = AxiStreamSource(
            AxiStreamBus.from_prefix(dut, self.arguments.images_bus), *clock
        )
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis_decision"), *clock)
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), *clock)
        if self.arguments.pauses:
            write, read = self.master.write_if, self.master.read_if
            channels = (
                self.source,
                self.sink,
                write.aw_channel,
                write.w_channel,
                write.b_channel,
                read.ar_channel,
                read.r_channel,
            )
            for number, channel in enumerate(channels):
                channel.set_pause_generator(pauses_at_random(self.arguments.seed * 100 + number))

    async def start(self) -> Self:
        """Start the clock, with a reset; return the bench."""
        self.dut.aresetn.value = 0
        await Timer(PERIOD, "step")
        Clock(self.dut.aclk, PERIOD, "step", impl="gpi").start()
        await self.reset()
        return self

    async def reset(self) -> None:
        """Reset everything for some cycles."""
        self.dut.aresetn.value = 0
        await self.cycles(4)
        self.dut.aresetn.value = 1
        await self.cycles(2)

    async def cycles(self, n: int) -> None:
        """Wait for n clock cycles."""
        await Timer(n * PERIOD, "step")
        await RisingEdge(self.dut.aclk)

    @property
    def cycle(self) -> int:
        """The number of the present one."""
        return get_sim_time("step") // PERIOD

    async def read_word(self, offset: int) -> int | None:
        """Return the word at this offset; None where the answer is SLVERR."""
        answer = await self.master.read(offset, 4)
        if answer.resp != AxiResp.OKAY:
            assert answer.resp == AxiResp.SLVERR
            assert not any(answer.data)
            return None
        return int.from_bytes(answer.data, "little")

    async def write_word(self, offset: int, value: int) -> bool:
        """Write; False where the answer is SLVERR."""
        answer = await self.master.write(offset, value.to_bytes(4, "little"))
        assert answer.resp in (AxiResp.OKAY, AxiResp.SLVERR)
        return answer.resp == AxiResp.OKAY

    async def read(self, name: str) -> int:
        """A register's content."""
        content = await self.read_word(self.map.by_name[name].offset)
        assert content is not None, f"{name} cannot be read"
        return content

    async def field(self, name: str, of: str) -> int:
        """Return one field of a register."""
        return self.map.unpack(name, await self.read(name))[of]

    async def write(self, name: str, **fields: int) -> None:
        """Write fields, the others 0."""
        assert await self.refused(name, **fields) is False, f"{name} cannot be written"

    async def refused(self, name: str, **fields: int) -> bool:
        """Whether a write is."""
        content = self.map.pack(name, **fields)
        return not await self.write_word(self.map.by_name[name].offset, content)

    async def wait_for(self, name: str, value: int) -> None:
        """Until a field of the status is so."""
        end = self.cycle + self.arguments.patience
        while await self.field("status", name) != value:
            assert self.cycle < end, f"status.{name} stays {1 - value}"

    def image(self, number: int) -> AxiStreamFrame:
        """Return the frame of the image with this number: the frames take turns."""
        frames = self.arguments.frames
        return AxiStreamFrame(frames[number % len(frames)], tid=tag_of(number))

    async def decision(self) -> list[int]:
        """The words of the next one of the stream."""
        words, _ = await self.decision_with_cycle()
        return words

    async def decision_with_cycle(self) -> tuple[list[int], int]:
        """Give the words of the stream's next decision, and the cycle of its first beat."""
        await self.sink.wait(self.arguments.patience * PERIOD, "step")
        assert not self.sink.empty(), "no decision comes"
        frame = self.sink.recv_nowait()
        data = bytes(frame.tdata)
        words = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
        assert frame.tid == self.tag(words), "TID is another tag than the words'"
        return words, frame.sim_time_start // PERIOD

    def tag(self, words: Sequence[int]) -> int:
        """The tag in the words of a decision."""
        return self.map.unpack("decision_time", words[1])["tag"]

    async def words(self) -> list[int]:
        """The words of the next one, by registers."""
        await self.wait_for("decision", 1)
        end = max(register.end for register in self.map.registers)
        words = [await self.read_word(offset) for offset in range(DECISION, end, 4)]
        await self.write("command", take=1)
        present = [word for word in words if word is not None]
        assert present == words, "a word of a decision is refused"
        return present

    async def load(self, weights: Sequence[int]) -> None:
        """Write all weights."""
        await self.write("weight_address")
        for word in weights:
            await self.write("weight_data", bits=word)

    async def stored(self, count: int) -> list[int]:
        """Read all weights."""
        await self.write("weight_address")
        return [await self.read("weight_data") for _ in range(count)]

    async def send_image(self, number: int) -> None:
        """Send the image of this number by registers, with its tag."""
        await self.write("image_tag", tag=tag_of(number))
        await self.send(bytes(self.image(number).tdata))

    async def send(self, frame: bytes) -> None:
        """Send an image by registers."""
        beat_bits = await self.field("features", "beat_bits")
        size = min(beat_bits // 8, 4)
        parts = [frame[at : at + size] for at in range(0, len(frame), size)]
        for number, part in enumerate(parts):
            name = "send_last" if number == len(parts) - 1 else "send"
            await self.wait_for("room", 1)
            await self.write(name, bits=int.from_bytes(part, "little"))


async def learn_all(bench: BusBench) -> BusOutcome:
    """Load the weights, and learn all images as they are labelled."""
    await bench.load(bench.arguments.weights)
    rule = dict(bench.arguments.rule)
    seed = rule.pop("seed")
    await bench.write("learn_rule", **rule)
    await bench.wait_for("settings", 0)
    assert bench.map.unpack("learn_rule", await bench.read("learn_rule")) == rule
    assert await bench.refused("learn_rule", **rule | {"step": 0})
    await bench.write("learn_seed", seed=seed)
    await bench.wait_for("settings", 0)
    decisions, updated = [], 0
    for number, label in enumerate(bench.arguments.labels):
        await bench.write("label", learn=int(label >= 0), **{"class": max(label, 0)})
        await bench.source.send(bench.image(number))
        decisions.append(await bench.decision())
        await bench.wait_for("busy", 0)
        updated = await bench.field("updated_count", "images")
    assert await bench.field("learned_count", "images") == len(decisions)
    stored = await bench.stored(len(bench.arguments.weights))
    return BusOutcome(decisions=decisions, registers={"updated": updated}, weights=stored)


TOP = "bus_core"
BENCH = "tests.bus.test_bus_core"


def raw_network() -> Network:
    """Return a network of pixels and complements, whose pixels do not fill the last beat."""
    rng = np.random.default_rng(4)
    return network_of(
        (rng.integers(-30, 90, (60, 12)), rng.integers(-60, 120, (12, 4))),
        (500, 200),
        bits=8,
        deadline=60,
        encoding="levels-8",
        inputs=np.sort(rng.choice(76, 60, replace=False)),
        n_inputs=76,
        features=Features(None, complement=True),
    )


class BusRun:
    """A core of a network on a bus, whose weights a bench loads; it may take `pixels`."""

    def __init__(
        self,
        network: Network,
        stored_bits: int | None = None,
        pixels: bool = False,
        **folding: Any,
    ) -> None:
        self.network = network
        self.folding = Folding.of(network, CoreShape(**folding))
        self.config = CoreConfig.of(
            network, self.folding, any_weights=True, stored_bits=stored_bits
        )
        self.images = Images.of(self.config, network, pixels)
        self.map = core_map(self.config, network, any_weights=True, images=self.images)

    def run(
        self, test: str, *, simulator: str = EITHER, bench: str = BENCH, **arguments: Any
    ) -> BusOutcome:
        """Run a test of a bench; `arguments` are fields of its Parameters."""
        pixels = self.images.kind == PIXELS
        made_from = f"bus {self.config!r} {self.network.digest()} {pixels}"
        verilog = verilog_of(
            lambda: BusCore(self.config, self.network, any_weights=True, pixels=pixels),
            TOP,
            made_from=made_from,
        )
        simulation = Simulation(verilog, TOP, simulator=simulator)
        arguments.setdefault("weights", self.weights())
        parameters = BusParameters(map=self.map, images_bus=self.images.bus, **arguments)
        return simulation.run(bench, parameters, test=test, seed=parameters.seed)

    def weights(self, stored: Sequence[np.ndarray] | None = None) -> list[int]:
        """Return the words that are written into weight_data."""
        return [chunk for *_, chunk in weight_chunks(self.config, self.network, stored)]

    def frames(self, ticks: np.ndarray, pixels: np.ndarray) -> list[bytes]:
        """Return the bytes that each image sends."""
        if self.images.kind == PIXELS:
            return [row.tobytes() for row in pixels]
        if self.config.bitmap is None:
            return [
                b"".join(struct.pack("<HH", *spike) for spike in events(row).tolist())
                or struct.pack("<HH", 0, NO_ROW)
                for row in ticks
            ]
        bright = ticks > 0 if self.config.layers[0].folding.rows > 1 else pixels > 127
        return [np.packbits(row, bitorder="little").tobytes() for row in bright]

    def expected(
        self, ticks: np.ndarray, pixels: np.ndarray, tag: Callable[[int], int] = tag_of
    ) -> list[list[int]]:
        """Golden's words of each decision; `tag` gives the tag of an image."""
        inference = infer(self.network, ticks)
        count = cycles(self.network, ticks, inference, self.folding, pixels)
        return [
            self.words(inference, image, count[image], tag(image)) for image in range(len(ticks))
        ]

    def words(self, results: Results, image: int, cycles: int, tag: int) -> list[int]:
        """A decision without an error, as words."""
        what, when, *_ = decision_words(self.config)
        return [
            self.map.pack(
                what.name,
                **{"class": int(results.decision[image]), "forced": int(results.forced[image])},
            ),
            self.map.pack(
                when.name, tick=int(results.tick[image]), layers=len(self.config.layers), tag=tag
            ),
            int(cycles),
            *map(int, results.spikes_in[image]),
        ]


class LearningRun(BusRun):
    """Six images, some of them labelled, and how they are learned."""

    def __init__(self, bitmap: int | None = None, pixels: bool = False) -> None:
        rng = np.random.default_rng(1)
        self.state = LearningState.random((20, 13, 5), 10, 1)
        network, bits = self.state.network, self.state.stored_bits
        super().__init__(network, bits, pixels, lanes=4, bitmap=bitmap)
        self.settings = Settings(3, 1, 0, True, 2, 7)
        self.pixels = (rng.random((6, 20)) < 0.5).astype(np.uint8) * 255
        self.labels = rng.integers(UNLABELLED, 5, len(self.pixels))
        self.labels[:2] = UNLABELLED, 3
        self.ticks = encode(network, self.pixels)

    def learn(self, test: str, tag: Callable[[int], int] = tag_of, **arguments: Any) -> BusOutcome:
        """Run a test of the bench, and compare what came back with golden's.

        `tag` gives the tag of an image.
        """
        outcome = self.run(
            test,
            frames=self.frames(self.ticks, self.pixels),
            labels=self.labels.tolist(),
            rule=self.settings.registers(int(self.state.generator)),
            weights=self.weights(self.state.weights),
            **arguments,
        )
        learned = learn(self.state, self.ticks, self.labels, self.settings)
        for image, words in enumerate(outcome.decisions):
            assert words == self.words(learned, image, words[2], tag(image))
        assert outcome.registers == {"updated": int(np.sum(learned.updated))}
        assert outcome.weights == self.weights(learned.weights)
        return outcome
