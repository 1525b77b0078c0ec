# SPDX-License-Identifier: BSD-2-Clause
"""The Words: pictures, their tops, and whether they are isolated, against golden."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
import pytest
from cocotb.triggers import RisingEdge

from firstspike.golden.sound.front import Word
from firstspike.hdl.sound.words import Words
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, CheckedSink, Dut, at_random
from tests.support.listening import front_end

LOUDNESSES = (20, 60, 150, 200, 256)
"""Bounds of the levels of a slot."""


@pytest.mark.parametrize(
    ("resonances", "slots", "frames", "contrast", "before", "after", "amount"),
    [
        ((1000,), 1, 1, 0, 0, 1, 80),
        pytest.param((300, 900, 2500), 2, 3, 2, 4, 2, 240, marks=pytest.mark.long),
        pytest.param((300, 2500), 4, 2, 5, 1, 0, 80, marks=pytest.mark.long),
    ],
)
def test_words(resonances, slots, frames, contrast, before, after, amount, seed):
    """`amount` slots of random levels; in the second half many levels of a slot are equal."""
    sizes = {"slots": slots, "frames": frames, "before": before, "after": after}
    front = front_end(resonances, contrast=contrast, **sizes)
    rng = np.random.default_rng(seed)
    bounds = np.repeat(rng.choice(LOUDNESSES, amount), rng.integers(1, 2 + front.window, amount))
    levels = rng.integers(0, bounds[:amount, None], (amount, len(front.filters))).astype(np.uint8)
    levels[amount // 2 :] -= levels[amount // 2 :] % max(1, front.drop)  # so that many are equal
    words = [(word, front.picture(levels, word).ravel().tolist()) for word in front.words(levels)]
    arguments = SimpleNamespace(front=front, levels=levels.ravel().tolist(), words=words)
    Simulation.of(Words(front)).run(__name__, arguments, seed=seed)


example = partial(test_words, (300, 1000, 3000), 2, 3, 2, 2, 1, 240, seed=1)


@cocotb.test()
async def words(dut):
    """Every pixel, with random pauses on both sides, after a reset in the middle of a slot."""
    bench = await WordBench(dut).start()
    arguments = bench.arguments
    assert arguments.words, "there are no words among the levels"
    half = len(arguments.levels) // 2 + 1  # until there no word is expected
    bench.pixels.take = lambda cycle, payload: None
    await bench.levels.send(*arguments.levels[:half])
    await bench.domain.reset()
    del bench.pixels.take
    cocotb.start_soon(bench.pixels.count())
    for word, pixels in arguments.words:
        bench.pixels.expect(pixels)
        bench.pixels.words += [word] * len(pixels)
    await bench.levels.send(*arguments.levels)
    await bench.pixels.complete(100 * Words.cycles(arguments.front))


class PixelSink(CheckedSink):
    """Compares the pixels, and the flags of their word during each transfer."""

    def __init__(self, dut: Dut, *arguments: Any) -> None:
        super().__init__(dut, *arguments)
        self._dut = dut
        self.words: list[Word] = []
        """The word of each pixel that is expected."""
        self._started = 0

    async def count(self) -> None:
        """Count the words that start from now on."""
        while True:
            await RisingEdge(self._dut.word)
            self._started += 1

    def take(self, cycle: int, payload: int) -> None:
        """Compare the next one."""
        super().take(cycle, payload)
        number = len(self.received) - 1
        word = self.words[number]
        words = len(set(self.words[: number + 1]))
        assert self._started == words, f"cycle {cycle}: {self._started} words, expected {words}"
        assert int(self._dut.top.value) == word.top, f"cycle {cycle}: top"
        assert bool(self._dut.isolated.value) == word.isolated, f"cycle {cycle}: isolated"


class WordBench(BlockBench):
    """The streams of Words."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.levels = self.source("levels", willing=at_random(1))
        self.pixels = self.sink("pixels", willing=at_random(2), kind=PixelSink)
