# SPDX-License-Identifier: BSD-2-Clause
"""A cocotb bench for C on a core on a bus, whose registers are those of a simulated core."""

import ctypes
import random
from collections.abc import Callable
from typing import Any

from cocotb.task import bridge, resume

from firstspike.sim.benches.bus.bench import BusBench, BusOutcome
from firstspike.sim.harness.bench import bench_test

PATIENCE = 20_000
"""Reads of the status after which nothing will come."""
LONG = 300
"""Reads of the status that take longer than a small core decides on an image."""


class Library(ctypes.CDLL):
    """The library in C; each of its accesses is one to the simulated registers.

    It is used in a thread of its own. An exception in a callback is only printed, so accesses that
    are `refused` are listed, and looked at afterwards.
    """

    def __init__(self, bench: BusBench) -> None:
        super().__init__(bench.given.library)
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
    """The driver of a core, as the functions of `SHIM` in test_bus_driver.py wrap it."""

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


@bench_test(DriverBench)
async def driver(bench):
    """All that the driver does with a core that does not learn."""
    library, driven = bench.library, bench.driven
    weights = bench.given.weights
    Words = ctypes.c_uint32 * len(weights)
    stored = Words()
    decisions = []

    def use() -> None:
        assert library.core_open(PATIENCE) == 0
        assert library.core_load(Words(*weights), len(weights)) == 0
        assert library.core_load(Words(*weights), len(weights) - 1) != 0
        assert library.core_store(stored, len(weights)) == 0
        for tag, frame in enumerate(bench.given.frames):
            others = [library.core_events, library.core_bitmap, library.core_pixels]
            others.pop(1 if driven.bitmap else 2 if driven.pixels else 0)
            assert all(other(tag, frame, 1) != 0 for other in others)
            assert driven.send(frame, tag) == 0
            answer, told, words = driven.take()
            assert (answer, told) == (0, tag)
            decisions.append(words)
            assert library.core_pending() == 0
        decides, errs = (1 << field.low for field in bench.map.by_name["interrupt_enable"].fields)
        library.core_enable(decides)
        assert library.core_level() == 0
        assert driven.send(bench.given.frames[0], 199) == 0
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
        assert driven.send_part(bench.given.frames[0], 200, 1) == 0
        assert library.core_abort() == 0
        answer, told, _ = driven.take()
        assert answer != 0
        assert told == 200
        assert library.core_level() == 1
        assert library.core_errors() == bench.map.pack("error_causes", decision=1)
        assert library.core_errors() == library.core_level() == 0

    await bench.use(use)
    return BusOutcome(decisions=decisions, weights=list(stored))


@bench_test(DriverBench)
async def driver_restarts(bench):
    """A program sends, takes, gives up in the middle of images, and is started anew, at random.

    Of each good decision the outcome has the image in front of the words. A part of an image may
    have one, if its events were enough for the decision.
    """
    library, driven = bench.library, bench.driven
    choice = random.Random(bench.given.seed)
    weights, frames = bench.given.weights, bench.given.frames
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
        for step in range(bench.given.steps):
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
    return BusOutcome(decisions=decisions, registers=happened)


@bench_test(DriverBench)
async def driver_learns(bench):
    """The driver has each image learned as labelled, or only decided."""
    library, driven, weights = bench.library, bench.driven, bench.given.weights
    outputs = await bench.field("sizes", "outputs")
    Words = ctypes.c_uint32 * len(weights)
    stored = Words()
    rule = dict(bench.given.rule)
    seed = rule.pop("seed")
    decisions = []

    def use() -> None:
        assert library.core_open(PATIENCE) == 0
        assert library.core_load(Words(*weights), len(weights)) == 0
        assert library.core_set_rule(bench.map.pack("learn_rule", **rule), seed) == 0
        assert library.core_set_label(outputs) != 0
        assert library.core_set_label(-2) != 0
        for frame, label in zip(bench.given.frames, bench.given.labels, strict=True):
            assert library.core_set_label(label) == 0
            assert driven.send(frame, 3) == 0
            answer, _, words = driven.take()
            assert answer == 0
            decisions.append(words)
        assert library.core_store(stored, len(weights)) == 0

    await bench.use(use)
    registers = {"updated": await bench.field("updated_count", "images")}
    return BusOutcome(decisions=decisions, registers=registers, weights=list(stored))


@bench_test(DriverBench)
async def firmware(bench):
    """A firmware classifies once, and prints."""
    library = bench.library
    status = await bench.use(lambda: library.classify(0))
    said = ctypes.create_string_buffer(1 << 16)
    library.copy_said(said)
    registers = {"status": status, "interrupts": library.core_interrupts()}
    return BusOutcome(decisions=[], registers=registers, said=said.value.decode())
