# SPDX-License-Identifier: BSD-2-Clause
"""Bench of Words: pictures, their tops, and whether they are isolated, against golden."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from firstspike.golden.sound.front import FrontEnd, Word
from firstspike.hdl.sound.words import Words
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.streams import CheckedSink, Dut, at_random

LOUDNESSES = (20, 60, 150, 200, 256)
"""Bounds of the levels of a slot."""


@dataclass(frozen=True)
class WordParameters:
    """What the bench is told: levels in order, and the pixels of each word."""

    front: FrontEnd
    levels: list[int]
    words: list[tuple[Word, list[int]]]


def simulate(front: FrontEnd, *, slots: int = 80, seed: int = 1, **options: Any) -> None:
    """Put so many slots of random levels through Words; `options` are `BlockBench.run`'s.

    Raises SimulationError at the first difference to golden.
    """
    rng = np.random.default_rng(seed)
    bounds = np.repeat(rng.choice(LOUDNESSES, slots), rng.integers(1, 2 + front.window, slots))
    levels = rng.integers(0, bounds[:slots, None], (slots, len(front.filters))).astype(np.uint8)
    levels[slots // 2 :] -= levels[slots // 2 :] % max(1, front.drop)  # so that many are equal
    words = [(word, front.picture(levels, word).ravel().tolist()) for word in front.words(levels)]
    parameters = WordParameters(front, levels.ravel().tolist(), words)
    WordBench.run(Words(front), parameters, seed=seed, **options)


class PixelSink(CheckedSink):
    """Compares the pixels, and what is said of their word while each of them is taken."""

    def __init__(self, dut: Dut, *arguments: Any) -> None:
        super().__init__(dut, *arguments)
        self._dut = dut
        self.words: list[Word] = []
        """The word of each pixel that is expected."""

    def take(self, cycle: int, payload: int) -> None:
        """Compare the next one."""
        super().take(cycle, payload)
        word = self.words[len(self.received) - 1]
        assert int(self._dut.top.value) == word.top, f"cycle {cycle}: top"
        assert bool(self._dut.isolated.value) == word.isolated, f"cycle {cycle}: isolated"


class WordBench(BlockBench):
    """The streams of Words."""

    Given = WordParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.levels = self.source("levels", willing=at_random(1))
        self.pixels = self.sink("pixels", willing=at_random(2), kind=PixelSink)


@bench_test(WordBench)
async def words(bench):
    """Every pixel, with random pauses on both sides, after a reset in the middle of a slot."""
    given = bench.given
    assert given.words, "there are no words among the levels"
    half = len(given.levels) // 2 + 1  # until there no word is expected
    bench.pixels.take = lambda cycle, payload: None
    await bench.levels.send_all(given.levels[:half])
    await bench.domain.reset()
    del bench.pixels.take
    for word, pixels in given.words:
        bench.pixels.expect(pixels)
        bench.pixels.words += [word] * len(pixels)
    await bench.levels.send_all(given.levels)
    await bench.pixels.complete(100 * Words.cycles(given.front))
