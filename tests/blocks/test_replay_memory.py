# SPDX-License-Identifier: BSD-2-Clause
"""The ReplayMemory: taught words, passes, and words between them, with random pauses."""

import random
from functools import partial
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest

from firstspike.golden.learning.teaching import PASSES, ReplayContent
from firstspike.hdl.core.ports import label_layout
from firstspike.hdl.sound.replay_memory import ReplayMemory
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, StreamSink, at_random
from tests.support.simulators import refused, sampled

CLASSES = 5


def content_of(references: int, capacity: int, n_pixels: int) -> ReplayContent:
    """Return a replay memory with random references."""
    rng = np.random.default_rng(7)
    pictures = rng.integers(0, 256, (references, n_pixels), np.uint8)
    return ReplayContent(pictures, rng.integers(0, CLASSES, references), capacity)


@pytest.mark.parametrize(
    ("references", "capacity", "n_pixels"),
    sampled([(3, 2, 6), (0, 3, 4), (2, 1, 1), (0, 1, 5)], 4),
)
def test_replay_memory(references, capacity, n_pixels, seed):
    """Two more words than the memory holds are taught, with other words before and after each."""
    content = content_of(references, capacity, n_pixels)
    block = ReplayMemory(content, CLASSES)
    Simulation.of(block).run(__name__, SimpleNamespace(content=content), seed=seed)


example = partial(test_replay_memory, 3, 2, 6, seed=1)


def test_a_reference_of_another_class_is_refused():
    content = ReplayContent(np.zeros((1, 2), np.uint8), np.array([CLASSES]), 1)
    refused(lambda: ReplayMemory(content, CLASSES), "a reference is of class 5: give 0 to 4")


@cocotb.test()
async def teaches(dut):
    """Random words between and during lessons; every picture, its label, and `reportable`."""
    bench = await ReplayBench(dut).start()
    for _ in range(bench.content.capacity + 2):
        for _ in range(random.randrange(3)):
            await bench.speak(isolated=random.random() < 0.5)
        await bench.teach()
        for _ in range(random.randrange(3)):  # during the passes, or after them
            await bench.speak(isolated=random.random() < 0.5)
        await bench.finish_passes()
        if random.random() < 0.5:  # the lesson waits until the end of the passes
            await bench.teach(early=True)
            await bench.finish_passes()
    await bench.check()


@cocotb.test()
async def pace(dut):
    """Without pauses: the latencies of a word and of stored pictures, and 2 cycles per pixel."""
    bench = await ReplayBench(dut, pauses=False).start()
    begin = bench.domain.cycle
    await bench.speak(isolated=False)
    n = bench.n_pixels
    await bench.teach()
    taught = bench.domain.cycle - 1  # the transfer of the last pixel
    await bench.finish_passes()
    await bench.check()
    cycles = [cycle for cycle, _ in bench.pictures.received]
    assert cycles[:n] == list(range(begin + 1, begin + 1 + n))
    starts, picture = cycles[2 * n :: n], 2 * (n - 1) + 3
    assert starts == [taught + 3 + picture * number for number in range(len(starts))]
    assert cycles[-1] == starts[-1] + 2 * (n - 1)


class ReplayBench(BlockBench):
    """The ports of a ReplayMemory, and what golden's replay memory holds."""

    def __init__(self, dut: Dut, pauses: bool = True) -> None:
        super().__init__(dut)
        self.content = self.arguments.content
        self.n_pixels = self.content.references.shape[1]
        self.memory = list(zip(self.content.references.tolist(), self.content.labels, strict=True))
        self.count = 0
        self.words: list[tuple[list[int], bool]] = []
        """Words that are not taught, and whether they are isolated."""
        self.replayed: list[tuple[list[int], int]] = []
        """The pictures of all passes, with their classes."""
        willing = [at_random(number) if pauses else None for number in range(3)]
        self._source = self.source("words", willing=willing[0])
        self.pictures = self.sink("pictures", willing=willing[1], kind=StreamSink)
        self.labels = self.sink("labels", label_layout(CLASSES), willing[2], LabelSink)
        self.drive(isolated=0, lesson__valid=0, lesson__label=0)

    async def speak(self, isolated: bool, passes: bool = True) -> list[int]:
        """Send the pixels of a random word; return them."""
        word = [random.randrange(256) for _ in range(self.n_pixels)]
        await self.domain.after_rising()
        self.drive(isolated=isolated)
        await self._source.send(*word)
        if passes:
            self.words.append((word, isolated))
        return word

    async def lesson(self, label: int) -> None:
        """Send a lesson."""
        await self.domain.after_rising()
        self.drive(lesson__valid=1, lesson__label=label)
        await self.domain.rising
        self.drive(lesson__valid=0)

    async def teach(self, early: bool = False) -> None:
        """Send two lessons and a word that is not isolated, and then a taught word.

        With `early` the lessons and another isolated word come during passes.
        """
        label = random.randrange(CLASSES)
        if early:
            await self.teach()
            assert self.dut.learning.value
        await self.lesson(random.randrange(CLASSES))
        await self.lesson(label)
        await self.domain.falling
        assert self.dut.waiting.value
        await self.speak(isolated=early)
        if early:
            await self.finish_passes(waiting=True)
        word = await self.speak(isolated=True, passes=False)
        address = len(self.content.references) + self.count % self.content.capacity
        self.memory[address : address + 1] = [(word, label)]
        self.replayed += self.memory * PASSES
        self.count += 1
        await self.domain.falling
        assert self.dut.learning.value
        assert not self.dut.waiting.value
        assert int(self.dut.count.value) == self.count

    async def finish_passes(self, waiting: bool = False) -> None:
        """Wait until the passes have ended."""
        patience = 1000 * (1 + len(self.replayed)) * self.n_pixels
        assert await self.domain.until(lambda: not self.dut.learning.value, patience)
        assert bool(self.dut.waiting.value) == waiting

    async def check(self) -> None:
        """Compare all pictures and labels with those expected."""
        count = len(self.words) + len(self.replayed)
        await self.domain.until(lambda: len(self.labels.labels) == count, 1000)
        pixels = [pixel for _, pixel in self.pictures.received]
        n, labels = self.n_pixels, self.labels.labels
        pictures = [pixels[start : start + n] for start in range(0, len(pixels), n)]
        assert len(pictures) == len(labels) == count
        heard = zip(pictures, labels, strict=True)
        words, replayed = iter(self.words), iter(self.replayed)
        for picture, (label, reportable) in heard:
            if label["learn"]:
                assert (picture, label["label"], reportable) == (*next(replayed), False)
            else:
                assert (picture, reportable) == next(words)


class LabelSink(StreamSink):
    """Keeps each label, and `reportable` from the next cycle on until the next label."""

    def __init__(self, dut: Dut, *arguments) -> None:
        super().__init__(dut, *arguments)
        self._dut = dut
        self.labels: list[tuple[dict[str, int], bool]] = []

    def take(self, cycle: int, payload: int) -> None:
        """Keep a label."""
        super().take(cycle, payload)
        cocotb.start_soon(self._append(payload))

    async def _append(self, payload: int) -> None:
        await self._domain.rising
        await self._domain.falling
        self.labels.append((self.fields(payload), bool(self._dut.reportable.value)))
