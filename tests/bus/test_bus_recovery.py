# SPDX-License-Identifier: BSD-2-Clause
"""Images on a bus that are ended early: what comes behind a reset or an abort is golden's.

Images have numbers, and `BusBench.image` makes a frame and a tag of each. A bench reports the words
of the decisions that must be right, so that a test asks golden about them.
"""

import random
from collections.abc import Sequence
from typing import Self

import cocotb
import pytest
from cocotb.triggers import RisingEdge

from firstspike.hdl.bus.register import HOLD
from firstspike.sim.harness.bench_io import report
from tests.bus.test_bus_core import CORES, images
from tests.support.bus_core import (
    BusBench,
    BusOutcome,
    BusRun,
    LearningRun,
    learn_all,
    pauses_at_random,
    tag_of,
)
from tests.support.simulators import sampled

ROUNDS = 24
"""Resets, or aborts, of a test; each at another moment."""
IMAGES = 4
"""Images that a source offers when a round begins."""


def recover(name, test, count=6):
    """Run a bench on one of the cores, and return what it has seen."""
    network, folding = CORES[name]
    return compare_decisions(BusRun(network, **folding), test, *images(network, count))


def compare_decisions(run, test, pixels, ticks, **arguments):
    """Run a bench, compare its decisions with golden's, and return what it has seen."""
    outcome = run.run(test, bench=__name__, frames=run.frames(ticks, pixels), **arguments)
    expected = run.expected(ticks, pixels)
    assert outcome.decisions
    for words in outcome.decisions:
        tag = run.map.unpack("decision_time", words[1])["tag"]
        number = tag - tag_of(0)
        right = list(expected[number % len(expected)])
        right[1] += run.map.pack("decision_time", tag=tag)
        right[1] -= run.map.pack("decision_time", tag=tag_of(number % len(expected)))
        words[2] = right[2] = 0  # cycles
        assert words == right, f"image {number}"
    return outcome.registers


@pytest.mark.parametrize(
    ("moments", "name"),
    sampled(
        [
            *(("soft_resets", name) for name in ("events", "bitmap", "overlap")),
            *(("aborts_amid_streams", name) for name in ("events", "bytes", "overlap")),
        ],
        6,
    ),
)
def test_what_begins_after_a_reset_or_an_abort_is_right(moments, name):
    seen = recover(name, moments)
    assert all(seen.values()), f"they came at no such moment: {seen}"


@pytest.mark.parametrize(
    ("early_end", "name", "count"),
    sampled(
        [
            *(("restarts", name, 3) for name in ("events", "bitmap")),
            *(("new_sources", name, 1) for name in ("events", "bytes")),
            *(("switches", name, 3) for name in ("events", "bitmap")),
            *(("interrupts", name, 2) for name in ("events", "overlap")),
        ],
        8,
    ),
)
def test_firmware_source_and_interrupt_may_begin_anew(early_end, name, count):
    recover(name, early_end, count)


@pytest.mark.long
@pytest.mark.parametrize("images", [{}, {"bitmap": 8}, {"pixels": True}])
def test_it_learns_after_a_soft_reset(images):
    LearningRun(**images).learn("learns_anew", bench=__name__)


class Recovery(BusBench):
    """A bench that watches what goes over its buses while an image is ended."""

    def __init__(self, dut) -> None:
        super().__init__(dut)
        self.begun = 0
        """Images whose first beat has been taken."""
        self.beats = 0
        """Beats of images that have been taken."""
        self.random = random.Random(self.arguments.seed)

    async def start(self) -> Self:
        """Start the clock, load the weights, and watch; return the bench."""
        await super().start()
        await self.load(self.arguments.weights)
        cocotb.start_soon(self.watch_decisions())
        cocotb.start_soon(self.watch_images())
        return self

    async def watch_decisions(self) -> None:
        """Fail if a beat of a decision is withdrawn, or changes while it waits."""
        waits = None
        while True:
            await RisingEdge(self.dut.aclk)
            valid, ready, *beat = (
                self.dut[f"m_axis_decision_{name}"].value
                for name in ("tvalid", "tready", "tdata", "tid", "tlast")
            )
            if waits is not None:
                assert valid, "a beat of a decision is withdrawn"
                assert beat == waits, "a beat of a decision changes while it waits"
            waits = beat if valid and not ready else None

    async def watch_images(self) -> None:
        """Count the images that begin."""
        first = True
        while True:
            await RisingEdge(self.dut.aclk)
            valid, ready, last = (
                self.dut[f"{self.arguments.images_bus}_{name}"].value
                for name in ("tvalid", "tready", "tlast")
            )
            if valid and ready:
                self.beats += 1
                self.begun += first
                first = bool(last)

    async def stall(self, beats: int) -> None:
        """Let the source send `beats` beats of its image, and maybe one more; then it stalls."""
        end = self.beats + beats
        while self.beats < end:
            await RisingEdge(self.dut.aclk)
        self.source.pause = True
        await self.cycles(20)

    async def read_on(self) -> None:
        """Read a constant again and again: every access must be answered."""
        (magic,) = (one.value for one in self.map.by_name["magic"].fields)
        while True:
            assert await self.read("magic") == magic

    async def moment(self) -> None:
        """Wait for a random moment, while the streams may pause; from it on some do."""
        slow = [one for one in (self.source, self.sink) if self.random.random() < 0.5]
        for stream in slow:
            stream.set_pause_generator(pauses_at_random(self.random.randrange(1 << 30)))
        if self.sink not in slow:
            self.sink.pause = self.random.random() < 0.5
        # Half of the moments are such that images still come.
        beats = sum(map(len, self.arguments.frames[:IMAGES])) // self.source.byte_lanes
        end = self.beats + self.random.randrange(2 * beats)
        for _ in range(self.random.randrange(1, 300)):
            if self.beats >= end:
                break
            await RisingEdge(self.dut.aclk)
        for stream in slow:
            stream.clear_pause_generator()
        self.source.pause |= self.random.random() < 0.5

    def go_on(self) -> None:
        """Let both sides of the streams go on."""
        self.source.pause = self.sink.pause = False

    def images_from(self, first: int, count: int) -> range:
        """Let the source send `count` images, and return their numbers."""
        numbers = range(first, first + count)
        for number in numbers:
            self.source.send_nowait(self.image(number))
        return numbers

    async def decisions_up_to(self, number: int) -> list[list[int]]:
        """Return the decisions up to the image with this number."""
        decisions = [await self.decision()]
        while self.tag(decisions[-1]) != tag_of(number):
            decisions.append(await self.decision())
        return decisions

    def numbers(self, decisions: Sequence[Sequence[int]], first: int) -> list[int]:
        """Numbers of the images of these decisions, of which none is before the `first`."""
        return [first + (self.tag(words) - tag_of(first)) % 256 for words in decisions]

    def held_at_first(self, name: str) -> int:
        """Return the content of a register after a reset."""
        return sum(one.value << one.low for one in self.map.by_name[name].fields)

    def aborted(self, words: Sequence[int]) -> bool:
        """Whether a decision is that of an aborted image."""
        return bool(self.map.unpack("decision", words[0])["cause_abort"])


@cocotb.test()
async def soft_resets(dut):
    """At random moments of images and decisions; what begins later is decided, and is right."""
    bench = await Recovery(dut).start()
    cocotb.start_soon(bench.read_on())
    decisions, first, seen = [], 0, {"forgotten": 0, "dropping": 0, "resetting": 0}
    for _ in range(ROUNDS):
        assert bench.begun == first
        bench.images_from(first, IMAGES)
        await bench.moment()
        before = bench.begun
        await bench.write("command", reset=1)
        begun = bench.begun
        status = bench.map.unpack("status", await bench.read("status"))
        for name in ("dropping", "resetting"):
            seen[name] += status[name]
        bench.go_on()
        await bench.wait_for("resetting", 0)
        final = first + IMAGES
        bench.images_from(final, 1)
        came = await bench.decisions_up_to(final)
        numbers = bench.numbers(came, first)
        assert numbers == sorted(set(numbers))
        old = [number for number in numbers if number < before]
        assert old == list(range(first, first + len(old))), "a reset forgets the latest images"
        assert {*range(begun, final + 1)} <= {*numbers}, "an image is lost that began later"
        seen["forgotten"] += IMAGES + 1 - len(numbers)
        decisions += came
        first = final + 1
    report(BusOutcome(decisions=decisions, registers=seen))


@cocotb.test()
async def restarts(dut):
    """A firmware starts anew, amid an image and before it has taken a decision."""
    bench = await Recovery(dut).start()
    weights, decisions = bench.arguments.weights, []
    size = min(await bench.field("features", "beat_bits") // 8, 4)
    for number, frame in enumerate(bench.arguments.frames):
        await bench.write("weight_address")
        await bench.read("weight_data")
        await bench.write("control", by_registers=1)
        await bench.send(frame)
        await bench.wait_for("decision", 1)
        for at in range(0, size * (number + 1), size):
            await bench.wait_for("room", 1)
            await bench.write("send", bits=int.from_bytes(frame[at : at + size], "little"))
        await bench.write("interrupt_enable", decision=1)
        assert bench.dut.irq.value
        await bench.write("command", reset=1)
        assert await bench.read("status") == 0, "a reset leaves something"
        for register in bench.map.registers:
            if register.kind == HOLD:
                assert await bench.read(register.name) == bench.held_at_first(register.name)
        assert await bench.field("decision_count", "decisions") == 0
        await bench.write("control", by_registers=1)
        await bench.send_image(number)
        decisions.append(await bench.words())
        assert await bench.field("decision_count", "decisions") == 1
        assert not bench.dut.irq.value
    assert await bench.stored(len(weights)) == list(weights)
    report(BusOutcome(decisions=decisions))


@cocotb.test()
async def aborts_amid_streams(dut):
    """A source goes on when its image is aborted: each image has one decision, and its tag."""
    bench = await Recovery(dut).start()
    decisions, seen = [], {"aborted": 0, "dropping": 0}
    for first in range(0, ROUNDS * IMAGES, IMAGES):
        numbers = bench.images_from(first, IMAGES)
        await bench.moment()
        bench.sink.pause = False  # an abort waits for the beats before it
        await bench.write("command", abort=1)
        await bench.wait_for("aborting", 0)
        seen["dropping"] += await bench.field("status", "dropping")
        bench.go_on()
        came = await bench.decisions_up_to(numbers[-1])
        assert bench.numbers(came, first) == list(numbers)
        aborted = [words for words in came if bench.aborted(words)]
        assert len(aborted) <= 1
        seen["aborted"] += len(aborted)
        decisions += [words for words in came if words not in aborted]
        await bench.wait_for("open", 0)
        await bench.wait_for("dropping", 0)
    assert await bench.field("decision_count", "decisions") == ROUNDS * IMAGES
    report(BusOutcome(decisions=decisions, registers=seen))


@cocotb.test()
async def new_sources(dut):
    """A source is reset, too, amid an image: its next beat begins an image."""
    bench = await Recovery(dut).start()
    decisions = []
    for beats, together in ((1, True), (2, False), (3, True)):
        bench.images_from(0, 1)
        await bench.stall(beats)
        assert await bench.field("status", "open")
        bench.source.assert_reset(True)
        await bench.write("command", reset=1, undrop=together)
        if not together:
            assert await bench.field("status", "dropping")
            await bench.write("command", undrop=1)
        assert not await bench.field("status", "dropping")
        bench.source.pause = False
        bench.source.assert_reset(False)
        bench.images_from(0, 1)
        decisions.append(await bench.decision())
    report(BusOutcome(decisions=decisions))


@cocotb.test()
async def switches(dut):
    """An image by the stream ends before images go by registers, and none has beats of both."""
    bench = await Recovery(dut).start()
    bench.images_from(0, 1)
    await bench.stall(1)
    await bench.write("control", by_registers=1)
    assert not await bench.field("status", "by_registers")
    assert await bench.refused("send_last", bits=0), "the stream is amid an image"
    bench.source.pause = False
    await bench.wait_for("by_registers", 1)
    decisions = [await bench.words()]
    bench.images_from(2, 1)  # which waits
    await bench.send_image(1)
    decisions.append(await bench.words())
    await bench.write("control")
    await bench.wait_for("by_registers", 0)
    decisions.append(await bench.decision())
    report(BusOutcome(decisions=decisions))


@cocotb.test()
async def interrupts(dut):
    """The interrupt holds as long as a decision waits, an error is not cleared, or a test says."""
    bench = await Recovery(dut).start()

    async def state() -> set[str]:
        found = bench.map.unpack("interrupt_state", await bench.read("interrupt_state"))
        return {name for name, value in found.items() if value}

    await bench.write("control", by_registers=1)
    await bench.write("interrupt_enable", decision=1)
    for number in range(2):
        await bench.send_image(number)
        while await bench.field("decision_count", "decisions") <= number:
            pass
    decisions = []
    for _ in range(2):
        assert bench.dut.irq.value, "a decision waits"
        assert await state() == {"decision"}
        decisions.append(await bench.words())
    assert not bench.dut.irq.value
    assert await state() == set()

    assert await bench.refused("magic", magic=0)
    assert not bench.dut.irq.value, "an error is not enabled"
    assert await state() == {"error"}
    await bench.write("interrupt_enable", error=1)
    assert bench.dut.irq.value
    assert await bench.refused("interrupt_state", error=1), "only its cause is cleared"
    assert bench.dut.irq.value
    await bench.write("error_causes", access=1)
    assert not bench.dut.irq.value

    for name in ("decision", "error"):
        await bench.write("interrupt_enable", **{name: 1})
        assert not bench.dut.irq.value
        await bench.write("interrupt_test", **{name: 1})
        assert bench.dut.irq.value
        assert await state() == {name}
        await bench.write("interrupt_test")
        assert not bench.dut.irq.value
    report(BusOutcome(decisions=decisions))


@cocotb.test()
async def learns_anew(dut):
    """A reset while an image is learned, or settings wait; then all is learned from the start."""
    bench = await Recovery(dut).start()
    rule = {name: value for name, value in bench.arguments.rule.items() if name != "seed"}
    for cycles in (1, 30, 80, 150, 220):
        await bench.write("learn_rule", **rule)
        await bench.write("label", learn=1)
        bench.images_from(0, 1)
        await bench.cycles(cycles)
        await bench.refused("learn_seed", seed=1)  # if the rule still waits
        await bench.write("command", reset=1)
        assert await bench.read("learn_rule") == bench.held_at_first("learn_rule")
        await bench.wait_for("resetting", 0)
        bench.sink.clear()
    report(await learn_all(bench))
