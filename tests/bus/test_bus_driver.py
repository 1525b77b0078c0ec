# SPDX-License-Identifier: BSD-2-Clause
"""The driver in C, compiled natively, on the registers of a simulated core.

FIRSTSPIKE_BUS_STEPS=5000 pytest tests/bus/test_bus_driver.py      so many steps of a program
"""

import ctypes
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
import pytest
from cocotb.task import bridge, resume

from firstspike.golden import encode
from firstspike.hdl.bus.register import CONSTANT
from firstspike.hdl.flow.bus.generate import generate_bus_core
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.networks import network_of
from tests.support.bus_core import BusBench, BusOutcome, BusRun, LearningRun, raw_network
from tests.support.command import toy_network
from tests.support.native import library, ran, sanitized, shared_library, write_c_files
from tests.support.shapes import convolving_network
from tests.support.simulators import sampled

STEPS = int(os.environ.get("FIRSTSPIKE_BUS_STEPS", "200"))

SHIM = Path(__file__).with_name("driver_shim.c").read_text()
DEVICE = Path(__file__).with_name("driver_device.c").read_text()

PATIENCE = 20_000
"""Reads of the status after which nothing will come."""
LONG = 300
"""Reads of the status that take longer than a small core decides on an image."""


def untagged(_image):
    """The bench has looked at the tags."""
    return 0


def wide_network():
    """A network of more inputs than 64."""
    weights = np.random.default_rng(2).integers(-30, 90, (70, 4))
    return network_of((weights,), (300,), bits=8, deadline=60)


KINDS = {
    "events": (toy_network(), {"lanes": 5}),
    "bitmap": (toy_network(), {"lanes": 5, "bitmap": 16}),
    "pixels": (raw_network(), {"lanes": 3, "pixels": True}),
    "convolving": (convolving_network(), {"lanes": 3, "bitmap": 16}),
    "wide bitmap": (wide_network(), {"lanes": 5, "bitmap": 64}),
}


def prepared(kind, folder, count, seed):
    """A run of a core, its driver, and pixels and ticks of images."""
    network, of = KINDS[kind]
    run = BusRun(network, **of)
    core = generate_bus_core(
        network, run.folding, embedded=False, stem="core", pixels="pixels" in of
    )
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, network.n_features)).astype(np.uint8)
    pixels[1] = 0
    return run, library(core, folder, SHIM), pixels, encode(network, pixels)


@pytest.mark.parametrize("kind", sampled(["events", "bitmap", "pixels", "convolving"], 4))
def test_it_loads_and_classifies(kind, tmp_path):
    run, compiled, pixels, ticks = prepared(kind, tmp_path, 3, 5)
    frames = run.frames(ticks, pixels)
    outcome = run.run("driver", bench=__name__, frames=frames, library=compiled)
    assert outcome.weights == run.weights()
    expected = run.expected(ticks, pixels, tag=untagged)
    for words in outcome.decisions + expected:
        words[2] = 0  # cycles
    assert outcome.decisions == expected


@pytest.mark.long
def test_it_learns_as_golden_does(tmp_path):
    run = LearningRun()
    core = generate_bus_core(
        run.network, run.folding, embedded=False, stored_bits=run.state.stored_bits, stem="core"
    )
    run.learn("driver_learns", bench=__name__, tag=untagged, library=library(core, tmp_path, SHIM))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["events", "bitmap", "wide bitmap", "pixels"])
def test_no_half_image_has_a_good_decision_that_is_not_goldens(kind, tmp_path):
    """A program gives up in the middle of images, and starts anew with decisions untaken."""
    run, compiled, pixels, ticks = prepared(kind, tmp_path, 5, 6)
    outcome = run.run(
        "driver_restarts",
        bench=__name__,
        frames=run.frames(ticks, pixels),
        library=compiled,
        steps=STEPS,
    )
    expected = run.expected(ticks, pixels, untagged)
    for image, *words in outcome.decisions:
        words[2] = expected[image][2]  # Cycles depend on when the program sends.
        assert words == expected[image]
    assert len(outcome.decisions) > STEPS // 20
    assert min(outcome.registers.values()) > STEPS // 100, outcome.registers


class Library(ctypes.CDLL):
    """The library in C; each of its accesses is one to the simulated registers.

    It is used in a separate thread. An exception in a callback is only printed, so accesses that
    are `refused` are listed, and looked at afterwards.
    """

    def __init__(self, bench: BusBench) -> None:
        super().__init__(bench.arguments.library)
        self.refused: list[str] = []
        read, write = resume(bench.read_word), resume(bench.write_word)

        @ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32)
        def read_word(offset):
            content = read(offset)
            if content is None:
                self.refused.append(f"a read of {offset:#x}")
            return content or 0

        @ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32)
        def write_word(offset, value):
            if not write(offset, value):
                self.refused.append(f"a write of {offset:#x}")

        level = resume(self._level)

        @ctypes.CFUNCTYPE(ctypes.c_uint32)
        def irq():
            return level()

        self.bench = bench
        self.kept = read_word, write_word, irq
        self.use_registers(*self.kept)

    async def _level(self) -> int:
        await self.bench.cycles(4)
        return int(self.bench.dut.irq.value)


class Driven:
    """The driver of a core, as the functions of `SHIM` wrap it."""

    def __init__(self, library: Library, bench: BusBench) -> None:
        self.library, self.map = library, bench.map
        features = {field.name: field.value for field in bench.map.by_name["features"].fields}
        self.bitmap, self.pixels = features["bitmap"], features["pixels"]
        self.size = features["beat_bits"] // 8
        self.layers = features["layers"]

    def send(self, frame: bytes, tag: int) -> int:
        """Send an image."""
        if self.bitmap:
            return self.library.core_bitmap(tag, frame, len(frame))
        if self.pixels:
            return self.library.core_pixels(tag, frame, len(frame))
        empty = frame[2:] == b"\xff\xff"
        return self.library.core_events(tag, frame, 0 if empty else len(frame) // 4)

    def send_part(self, frame: bytes, tag: int, beats: int) -> int:
        """Send some beats of an image, none of which is its last."""
        size = min(self.size, 4)
        wrong = self.library.core_begin(tag)
        for number in range(min(beats, -(-len(frame) // size) - 1)):
            beat = int.from_bytes(frame[size * number :][:size], "little")
            wrong = wrong or self.library.core_send(beat)
        return wrong

    def take(self) -> tuple[int, int, list[int]]:
        """The driver's answer, the tag, and the words of a decision without its tag."""
        taken = (ctypes.c_uint32 * (4 + self.layers))()
        answer = self.library.core_take(taken)
        what, tick, tag, cycles, *spikes = taken
        when = self.map.pack("decision_time", tick=tick, layers=self.layers)
        return answer, tag, [what, when, cycles, *spikes]


class DriverBench(BusBench):
    """A core on a bus, and its driver."""

    def __init__(self, dut) -> None:
        super().__init__(dut)
        self.library = Library(self)
        self.driven = Driven(self.library, self)

    async def use(self, program: Callable[[], Any]) -> Any:
        """Run a program that uses the driver, and return what it returns; no access is refused."""
        result = await bridge(program)()
        assert self.library.refused == []
        assert await self.field("error_causes", "access") == 0
        return result


@cocotb.test()
async def driver(dut):
    """The functions of the driver for a core that does not learn."""
    bench = await DriverBench(dut).start()
    library, driven = bench.library, bench.driven
    weights = bench.arguments.weights
    Words = ctypes.c_uint32 * len(weights)
    stored = Words()
    decisions = []

    def use() -> None:
        assert library.core_open(PATIENCE) == 0
        assert library.core_load(Words(*weights), len(weights)) == 0
        assert library.core_load(Words(*weights), len(weights) - 1) != 0
        assert library.core_store(stored, len(weights)) == 0
        for tag, frame in enumerate(bench.arguments.frames):
            others = [library.core_events, library.core_bitmap, library.core_pixels]
            others.pop(1 if driven.bitmap else 2 if driven.pixels else 0)
            assert all(other(tag, frame, 1) != 0 for other in others)
            assert driven.send(frame, tag) == 0
            answer, returned_tag, words = driven.take()
            assert (answer, returned_tag) == (0, tag)
            decisions.append(words)
            assert library.core_pending() == 0
        decides, errs = (1 << field.low for field in bench.map.by_name["interrupt_enable"].fields)
        library.core_enable(decides)
        assert library.core_level() == 0
        assert driven.send(bench.arguments.frames[0], 199) == 0
        left = 1000
        while not library.core_level():
            assert (left := left - 1), "no interrupt comes"
        assert library.core_pending() == decides
        library.core_enable(0)
        assert library.core_level() == 0
        library.core_enable(decides | errs)
        assert driven.take()[1] == 199
        assert library.core_level() == library.core_pending() == 0
        library.core_test(errs)
        assert library.core_level() == 1
        assert library.core_pending() == errs
        library.core_test(0)
        assert library.core_level() == 0
        assert driven.send_part(bench.arguments.frames[0], 200, 1) == 0
        assert library.core_abort() == 0
        answer, returned_tag, _ = driven.take()
        assert answer != 0
        assert returned_tag == 200
        assert library.core_level() == 1
        assert library.core_errors() == bench.map.pack("error_causes", decision=1)
        assert library.core_errors() == library.core_level() == 0

    await bench.use(use)
    report(BusOutcome(decisions=decisions, weights=list(stored)))


@cocotb.test()
async def driver_restarts(dut):
    """A program sends, takes, gives up in the middle of images, and is started anew, at random.

    Of each good decision the outcome has the image in front of the words. A part of an image may
    have one, if its events were enough for the decision.
    """
    bench = await DriverBench(dut).start()
    library, driven = bench.library, bench.driven
    choice = random.Random(bench.arguments.seed)
    weights, frames = bench.arguments.weights, bench.arguments.frames
    decisions, happened = [], {"bad": 0, "silent": 0, "part": 0, "restart": 0, "lost": 0}
    sent = {}  # by tag, the image that a decision will be on, and whether all of it was sent

    def start() -> None:
        sent.clear()
        assert library.core_open(PATIENCE) == 0

    def take() -> bool:
        answer, tag, words = driven.take()
        if answer == library.core_silent():
            return False
        image, whole = sent.pop(tag)
        if answer == 0:
            decisions.append([image, *words])
        else:
            assert not whole, "a whole image has a bad decision"
            happened["bad"] += 1
        return True

    def use() -> None:
        start()
        assert library.core_load((ctypes.c_uint32 * len(weights))(*weights), len(weights)) == 0
        for step in range(bench.arguments.steps):
            tag, image = step % 256, choice.randrange(len(frames))
            kind = choice.choice(["send"] * 4 + ["part"] * 2 + ["take"] * 4 + ["restart"])
            library.core_patience(LONG if kind == "take" else choice.choice([0, 5, LONG]))
            if kind == "send":
                answer = driven.send(frames[image], tag)
                sent[tag] = image, answer == 0
                happened["silent"] += answer != 0
            elif kind == "part":
                driven.send_part(frames[image], tag, choice.randrange(1, 9))
                sent[tag] = image, False
                happened["part"] += 1
            elif kind == "take":
                take()
            else:
                happened["lost"] += len(sent)
                happened["restart"] += 1
                start()
        library.core_patience(LONG)
        while take():
            pass
        assert not any(whole for _, whole in sent.values()), "a whole image has no decision"

    await bench.use(use)
    report(BusOutcome(decisions=decisions, registers=happened))


@cocotb.test()
async def driver_learns(dut):
    """The driver has each image learned as labelled, or only decided."""
    bench = await DriverBench(dut).start()
    library, driven, weights = bench.library, bench.driven, bench.arguments.weights
    outputs = await bench.field("sizes", "outputs")
    Words = ctypes.c_uint32 * len(weights)
    stored = Words()
    rule = dict(bench.arguments.rule)
    seed = rule.pop("seed")
    decisions = []

    def use() -> None:
        assert library.core_open(PATIENCE) == 0
        assert library.core_load(Words(*weights), len(weights)) == 0
        assert library.core_set_rule(bench.map.pack("learn_rule", **rule), seed) == 0
        assert library.core_set_label(outputs) != 0
        assert library.core_set_label(-2) != 0
        for frame, label in zip(bench.arguments.frames, bench.arguments.labels, strict=True):
            assert library.core_set_label(label) == 0
            assert driven.send(frame, 3) == 0
            answer, _, words = driven.take()
            assert answer == 0
            decisions.append(words)
        assert library.core_store(stored, len(weights)) == 0

    await bench.use(use)
    registers = {"updated": await bench.field("updated_count", "images")}
    report(BusOutcome(decisions=decisions, registers=registers, weights=list(stored)))


@cocotb.test()
async def firmware(dut):
    """A firmware classifies once, and prints."""
    bench = await DriverBench(dut).start()
    library = bench.library
    status = await bench.use(lambda: library.classify(0))
    output_text = ctypes.create_string_buffer(1 << 16)
    library.copy_said(output_text)
    registers = {"status": status, "interrupts": library.core_interrupts()}
    report(BusOutcome(decisions=[], registers=registers, printed=output_text.value.decode()))


# The driver in C, compiled under sanitizers, on a device that answers anything.

NOISE = int(os.environ.get("FIRSTSPIKE_BUS_NOISE", "1000"))

CORES = {
    "events": (toy_network(), {"lanes": 5}),
    "bitmap": (toy_network(), {"lanes": 5, "bitmap": 8}),
    "wide bitmap": (network_of((np.full((70, 3), 7),), (9,)), {"lanes": 3, "bitmap": 64}),
    "learning": (toy_network(), {"lanes": 5, "learns": 10}),
}


@pytest.mark.parametrize(("network", "of"), CORES.values(), ids=CORES)
def test_no_answer_of_a_device_leads_outside_of_memory(network, of, tmp_path):
    _, registers = write_c_files(tmp_path, network, "core", **of)
    cases = [
        f"    case FIRSTSPIKE_{name}:\n        return FIRSTSPIKE_{name}_VALUE;"
        for name in (one.name.upper() for one in registers.registers if one.kind == CONSTANT)
    ]
    (tmp_path / "constants.h").write_text("\n".join(cases))
    program = sanitized(tmp_path, DEVICE)
    done = ran(program, NOISE)
    assert (done.returncode, done.stderr) == (0, b"")
    found = re.fullmatch(rb"longest (\d+) answers ([\d ]+)\n", done.stdout)
    answers = [int(number) for number in found[2].split()]
    assert all(answers), "each of the driver's answers came"


def test_a_core_of_another_header_is_not_opened(tmp_path):
    """Of the constants that decide what the driver does, any other value is another core."""
    _, registers = write_c_files(tmp_path, toy_network(), "core", lanes=5)
    driver = ctypes.CDLL(shared_library(tmp_path, SHIM))
    constants = [one for one in registers.registers if one.kind == CONSTANT]
    content = {one.offset: sum(part.value << part.low for part in one.fields) for one in constants}
    content[registers.by_name["status"].offset] = registers.pack("status", by_registers=1)
    changed = None

    @ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32)
    def read(offset):
        return content.get(offset, 0) ^ (offset == changed)

    @ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32)
    def write(offset, value):
        pass

    driver.use_registers(read, write, None)
    assert driver.core_open(3) == 0
    answers = {}
    for one in constants:
        changed = one.offset
        answers[one.name] = driver.core_open(3)
    no_core, other_core = 1, 2
    # A later FirstSpike makes the same core of the same network.
    rest = {"magic": no_core, "version": no_core, "release": 0}
    assert answers == dict.fromkeys(answers, other_core) | rest
