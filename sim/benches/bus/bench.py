# SPDX-License-Identifier: BSD-2-Clause
"""A cocotb bench for a core on a bus: its drivers and monitors are those of cocotbext-axi."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cocotb
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

from firstspike.hdl.bus.core_map import DECISION, TAG_BITS
from firstspike.hdl.bus.register import RegisterMap
from firstspike.sim.harness.bench import bench_test
from firstspike.sim.harness.bench_io import given

PERIOD = 10
PATIENCE = 100_000
"""Cycles after which a decision will not come."""


def tag_of(image: int) -> int:
    """The tag that a bench gives to its image of this number; no image of a test has tag 0."""
    return (image + 1) % (1 << TAG_BITS)


@dataclass(frozen=True, kw_only=True)
class BusParameters:
    """What the bench is told."""

    map: RegisterMap
    images_bus: str
    frames: Sequence[bytes] = ()
    """Bytes of each image."""
    weights: Sequence[int] = ()
    """What is written into weight_data at first, and read back."""
    labels: Sequence[int] = ()
    """Class that each image is learned as; -1 for an image that is only decided."""
    rule: dict[str, int] = field(default_factory=dict)
    """Settings, and the seed."""
    steps: int = 0
    """How often a program that uses the driver does something."""
    pauses: bool = False
    library: str = ""
    """Path of a library in C that uses the core."""
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class BusOutcome:
    """All that the bench has read."""

    decisions: list[list[int]]
    """The words of each."""
    cycles: list[int] = field(default_factory=list)
    """Clock cycle of the first beat of each."""
    registers: dict[str, int] = field(default_factory=dict)
    """Contents of some registers at the end."""
    weights: list[int] = field(default_factory=list)
    """Read back."""
    said: str = ""
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
        self.given = given(BusParameters)
        self.map = self.given.map
        clock = (dut.aclk, dut.aresetn, False)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, self.given.images_bus), *clock)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis_decision"), *clock)
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), *clock)
        if self.given.pauses:
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
                channel.set_pause_generator(pauses_at_random(self.given.seed * 100 + number))

    async def start(self) -> None:
        """Start the clock, with a reset."""
        self.dut.aresetn.value = 0
        await Timer(PERIOD, "step")
        Clock(self.dut.aclk, PERIOD, "step", impl="gpi").start()
        await self.reset()

    async def reset(self) -> None:
        """Reset everything for some cycles."""
        self.dut.aresetn.value = 0
        await self.cycles(4)
        self.dut.aresetn.value = 1
        await self.cycles(2)

    async def cycles(self, n: int) -> None:
        """Let so many pass."""
        await Timer(n * PERIOD, "step")
        await RisingEdge(self.dut.aclk)

    @property
    def cycle(self) -> int:
        """The number of the present one."""
        return get_sim_time("step") // PERIOD

    async def read_word(self, offset: int) -> int | None:
        """What is there; None where the answer is SLVERR."""
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
        """One of its fields."""
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
        end = self.cycle + PATIENCE
        while await self.field("status", name) != value:
            assert self.cycle < end, f"status.{name} stays {1 - value}"

    def image(self, number: int) -> AxiStreamFrame:
        """Return the frame of the image with this number: the frames take turns."""
        frames = self.given.frames
        return AxiStreamFrame(frames[number % len(frames)], tid=tag_of(number))

    async def decision(self) -> list[int]:
        """The words of the next one of the stream."""
        words, _ = await self.decision_begun()
        return words

    async def decision_begun(self) -> tuple[list[int], int]:
        """Give the words of the stream's next decision, and the cycle of its first beat."""
        await self.sink.wait(PATIENCE * PERIOD, "step")
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
        there = [word for word in words if word is not None]
        assert there == words, "a word of a decision is refused"
        return there

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


@bench_test(BusBench)
async def streams(bench):
    """Weights by registers, images and decisions by streams."""
    weights = bench.given.weights
    await bench.load(weights)
    stored = await bench.stored(len(weights))
    begun = bench.cycle
    images = range(len(bench.given.frames))
    for number in images:
        bench.source.send_nowait(bench.image(number))
    decisions, cycles = [], []
    for _ in images:
        words, cycle = await bench.decision_begun()
        decisions.append(words)
        cycles.append(cycle - begun)
    names = ("decision_count", "error_count", "error_causes", "interrupt_state")
    registers = {name: await bench.read(name) for name in names}
    return BusOutcome(decisions=decisions, cycles=cycles, registers=registers, weights=stored)


@bench_test(BusBench)
async def by_registers(bench):
    """All by registers."""
    await bench.write("control", by_registers=1)
    await bench.load(bench.given.weights)
    decisions = []
    for number in range(len(bench.given.frames)):
        await bench.send_image(number)
        decisions.append(await bench.words())
    assert not bench.source.active
    assert bench.sink.empty()
    return BusOutcome(decisions=decisions)


@bench_test(BusBench)
async def every_address(bench):
    """Each is answered, as the map says; what cannot be done is refused, counted and told."""
    known = {
        register.offset + 4 * number: register
        for register in bench.map.registers
        for number in range(register.count)
    }
    refused = 0
    for offset in range(0, 1 << 12, 4):
        register = known.get(offset)
        content = await bench.read_word(offset)
        # Nothing was decided, so the registers of the decision are refused.
        readable = register is not None and "r" in register.access and register.port != "decision"
        assert (content is not None) == readable, hex(offset)
        if register is not None and register.kind == "constant":
            assert content == sum(one.value << one.low for one in register.fields), hex(offset)
        refused += content is None
    assert await bench.field("error_count", "errors") == refused
    assert await bench.read("error_causes") == bench.map.pack("error_causes", access=1)
    assert not bench.dut.irq.value
    await bench.write("interrupt_enable", error=1)
    assert bench.dut.irq.value
    await bench.write("error_causes", access=1)
    assert not bench.dut.irq.value
    assert await bench.read("error_causes") == 0
    for offset, register in known.items():
        if "w" not in register.access:
            assert not await bench.write_word(offset, 0), register.name
    answer = await bench.master.write(bench.map.by_name["control"].offset, b"\x01")
    assert answer.resp == AxiResp.SLVERR, "a write of one byte is taken"
    assert await bench.read("control") == 0


async def decided(bench: BusBench) -> tuple[bytes, list[int]]:
    """Load the weights and decide an image; return it, and the words of its decision."""
    await bench.load(bench.given.weights)
    frame = bench.given.frames[0]
    await bench.source.send(AxiStreamFrame(frame))
    right = await bench.decision()
    assert not bench.tag(right)
    return frame, right


def damaged(frame: bytes, lane: int) -> AxiStreamFrame:
    """An image whose first beat lacks a byte."""
    keep = [1] * len(frame)
    keep[lane] = 0
    return AxiStreamFrame(frame, tkeep=keep)


@bench_test(BusBench)
async def bad_bitmaps(bench):
    """Too few beats, too many, and missing bytes; the image behind each is right."""
    frame, right = await decided(bench)
    size = bench.source.byte_lanes
    bad = {"short": AxiStreamFrame(frame[:size]), "long": AxiStreamFrame(frame + 3 * frame[:size])}
    if size > 1:
        bad["keep"] = damaged(frame, 0)
    for number, (cause, sent) in enumerate(bad.items()):
        await bench.source.send(sent)
        first = bench.map.unpack("decision", (await bench.decision())[0])
        assert first["cause_abort"] == first["error"] == (cause == "short"), cause
        causes = bench.map.unpack("error_causes", await bench.read("error_causes"))
        expected = {cause, "decision"} if cause == "short" else {cause}
        assert {name for name, value in causes.items() if value} == expected
        await bench.write("error_causes", **dict.fromkeys(expected, 1))
        await bench.source.send(AxiStreamFrame(frame))
        assert (await bench.decision())[:2] == right[:2], cause
        assert await bench.read("error_causes") == 0, number


@bench_test(BusBench)
async def aborts(bench):
    """A source that stalls after any beat, by stream and by registers."""
    frame, right = await decided(bench)
    await bench.write("command", abort=1)  # of nothing
    source = bench.source
    beats = len(frame) // source.byte_lanes
    for taken in {1, beats // 2, beats - 2} - {0}:  # and maybe one more
        source.send_nowait(AxiStreamFrame(frame))
        for _ in range(taken):
            while True:
                await RisingEdge(bench.dut.aclk)
                bus = bench.given.images_bus
                if all(bench.dut[f"{bus}_{name}"].value for name in ("tvalid", "tready")):
                    break
        source.pause = True
        await bench.cycles(20)
        assert await bench.field("status", "open")
        await bench.write("command", abort=1)
        await bench.wait_for("aborting", 0)
        said = bench.map.unpack("decision", (await bench.decision())[0])
        assert said["cause_abort"]
        assert said["error"]
        await bench.reset()
        source.pause = False
        source.clear()
        await bench.source.send(AxiStreamFrame(frame))
        assert (await bench.decision())[:2] == right[:2]
    await bench.write("control", by_registers=1)
    await bench.write("send", bits=int.from_bytes(frame[:4], "little"))
    await bench.write("command", abort=1)
    await bench.wait_for("aborting", 0)
    if await bench.field("features", "beat_bits") <= 32:  # else no whole beat has come
        assert bench.map.unpack("decision", (await bench.words())[0])["cause_abort"]
    await bench.send(frame)
    assert (await bench.words())[:2] == right[:2]


@bench_test(BusBench)
async def resets(bench):
    """At any moment; what comes then is right."""
    frame, right = await decided(bench)
    for cycles in (1, 2, 3, 5, 9, 17, 40, 90):
        bench.source.send_nowait(AxiStreamFrame(frame))
        bench.source.send_nowait(AxiStreamFrame(frame))
        cocotb.start_soon(bench.master.read(0, 4))
        await bench.cycles(cycles)
        await bench.reset()
        bench.source.clear()
        bench.sink.clear()
        assert await bench.field("decision_count", "decisions") == 0
        await bench.source.send(AxiStreamFrame(frame))
        assert await bench.decision() == right


@bench_test(BusBench)
async def refusals(bench):
    """Of the weights and of what is sent; nothing changes, and nothing hangs."""
    weights = bench.given.weights
    await bench.load(weights)
    assert await bench.refused("weight_data", bits=1), "behind the last word"
    assert await bench.refused("send", bits=1), "while the stream is used"
    await bench.write("weight_address", layer=255, address=(1 << 24) - 1)
    assert await bench.refused("weight_data", bits=1)
    assert await bench.read_word(bench.map.by_name["weight_data"].offset) is None
    await bench.write("weight_address")
    await bench.read("weight_data")
    if await bench.field("status", "weight_open"):
        assert await bench.refused("weight_data", bits=0), "a write behind a read"
        assert await bench.refused("weight_address"), "in the middle of a word"
        while await bench.field("status", "weight_open"):
            await bench.read("weight_data")
    await bench.write("control", by_registers=1)
    await bench.write("send", bits=0)
    await bench.wait_for("busy", 1)
    assert await bench.refused("weight_data", bits=0), "while an image is under way"
    beats = 1
    while await bench.field("status", "room"):
        assert beats < 100, "decisions are not taken, and yet there is room"
        name = "send_last" if beats % 2 else "send"
        await bench.write(name, bits=0)
        beats += 1
    assert await bench.refused("send", bits=0), "without room"
    await bench.reset()
    assert await bench.stored(len(weights)) == list(weights)


@bench_test(BusBench)
async def learns(bench):
    """Images are learned as labelled, one after the other."""
    return await learn_all(bench)


async def learn_all(bench: BusBench) -> BusOutcome:
    """Load the weights, and learn all images as they are labelled."""
    await bench.load(bench.given.weights)
    rule = dict(bench.given.rule)
    seed = rule.pop("seed")
    await bench.write("learn_rule", **rule)
    await bench.wait_for("settings", 0)
    assert bench.map.unpack("learn_rule", await bench.read("learn_rule")) == rule
    assert await bench.refused("learn_rule", **rule | {"step": 0})
    await bench.write("learn_seed", seed=seed)
    await bench.wait_for("settings", 0)
    decisions, updated = [], 0
    for number, label in enumerate(bench.given.labels):
        await bench.write("label", learn=int(label >= 0), **{"class": max(label, 0)})
        await bench.source.send(bench.image(number))
        decisions.append(await bench.decision())
        await bench.wait_for("busy", 0)
        updated = await bench.field("updated_count", "images")
    assert await bench.field("learned_count", "images") == len(decisions)
    stored = await bench.stored(len(bench.given.weights))
    return BusOutcome(decisions=decisions, registers={"updated": updated}, weights=stored)
