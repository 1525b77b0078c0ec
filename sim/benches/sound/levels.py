# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the Levels: sums and logarithms against golden."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from firstspike.golden.sound.filters import MOST_LEVEL, STATE_BITS
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.levels import log2
from firstspike.hdl.sound.levels import Levels
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.streams import at_random


@dataclass(frozen=True)
class LevelParameters:
    """What the bench is told: z of each sample and filter, in order, and the levels."""

    z: list[int]
    levels: list[int]
    cycles: int
    """Those of `Levels.cycles`."""


def simulate(front: FrontEnd, *, slots: int = 8, seed: int = 1, **options: Any) -> None:
    """Put so many slots of random z, of any size, through Levels; `options` are `BlockBench.run`'s.

    Raises SimulationError at the first difference to golden.
    """
    rng = np.random.default_rng(seed)
    gains = np.array([one.gain for one in front.filters])
    sizes = 2 ** rng.integers(0, STATE_BITS, (slots, 1, len(gains)))
    sizes[0] = 1  # sums of 0 and 1
    sizes[-1] = 1 << STATE_BITS - 1
    z = (rng.uniform(-1, 1, (slots, front.slot, len(gains))) * sizes).astype(np.int64)
    z[-1, :, 0] = 1 - sizes[-1, :, 0]  # the largest sum
    sums = np.abs(z).sum(axis=1)
    levels = np.clip([[log2(E) for E in row] for row in sums] + gains, 0, MOST_LEVEL)
    mask = (1 << STATE_BITS) - 1
    parameters = LevelParameters(
        (z.ravel() & mask).tolist(), levels.ravel().tolist(), Levels.cycles(front)
    )
    LevelBench.run(Levels(front), parameters, seed=seed, **options)


class LevelBench(BlockBench):
    """The streams of Levels."""

    Given = LevelParameters


@bench_test(LevelBench)
async def levels(bench):
    """Every level, with random pauses on both sides, after a reset in the middle of a slot."""
    given = bench.given
    source = bench.source("outputs", willing=at_random(1))
    board = bench.sink("levels", willing=at_random(2))
    await source.send_all(given.z[-5:])
    await bench.domain.reset()
    board.start()
    board.expect(given.levels)
    await source.send_all(given.z)
    await board.complete(2000)


@bench_test(LevelBench)
async def pace(bench):
    """Every z is taken within `Levels.cycles`, and the smallest sum takes as many."""
    given = bench.given
    source, board = bench.source("outputs"), bench.sink("levels")
    board.start()
    board.expect(given.levels)
    taken = [await source.send(z) for z in given.z]
    assert np.diff(taken).max() == given.cycles
    await board.complete(2000)
