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
from firstspike.sim.harness.streams import Dut, at_random


@dataclass(frozen=True)
class LevelParameters:
    """What the bench is told: z of each sample and filter, in order, and the levels."""

    z: list[int]
    levels: list[int]


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
    parameters = LevelParameters((z.ravel() & mask).tolist(), levels.ravel().tolist())
    LevelBench.run(Levels(front), parameters, seed=seed, **options)


class LevelBench(BlockBench):
    """The streams of Levels."""

    Given = LevelParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.outputs = self.source("outputs", willing=at_random(1))
        self.levels = self.sink("levels", willing=at_random(2))


@bench_test(LevelBench)
async def levels(bench):
    """Every level, with random pauses on both sides, after a reset in the middle of a slot."""
    given = bench.given
    await bench.outputs.send_all(given.z[-5:])
    await bench.domain.reset()
    bench.levels.expect(given.levels)
    await bench.outputs.send_all(given.z)
    await bench.levels.complete(2000)
