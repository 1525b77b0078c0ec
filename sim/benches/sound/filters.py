# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the Filters: z of every sample against the formulas of the design."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from firstspike.golden.sound.filters import STATE_BITS, Filter
from firstspike.hdl.sound.filters import Filters
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.streams import Dut, at_random


@dataclass(frozen=True)
class FilterParameters:
    """What the bench is told: the filters, samples, and z int64 [n, filters]."""

    filters: tuple[Filter, ...]
    x: list[int]
    """The samples as bits."""
    z: np.ndarray


def outputs_of(one: Filter, x: np.ndarray) -> Iterator[int]:
    """Yield z of each sample (DESIGN, section 6)."""
    x2 = x1 = y2 = y1 = z2 = z1 = 0
    for x0 in x.tolist():
        y0 = ((x0 - x2) << one.up) + ((one.a1 * y1 + one.a2 * y2 + 2**13) >> 14)
        z0 = ((y0 - y2) >> one.down) + ((one.a1 * z1 + one.a2 * z2 + 2**13) >> 14)
        yield z0
        x2, x1, y2, y1, z2, z1 = x1, x0, y1, y0, z1, z0


def simulate(
    filters: Sequence[Filter], *, samples: int = 60, seed: int = 1, **options: Any
) -> None:
    """Put random samples of any loudness through filters; `options` are `BlockBench.run`'s.

    Raises SimulationError at the first difference to the design.
    """
    rng = np.random.default_rng(seed)
    loud = np.repeat(2 ** rng.integers(0, 16, -(-samples // 10)), 10)[:samples]
    x = np.where(rng.random(samples) < 0.7, rng.choice([-1, 1], samples), rng.uniform(-1, 1))
    x = (x * loud).clip(-(2**15), 2**15 - 1).astype(np.int16)
    z = np.array([list(outputs_of(one, x)) for one in filters]).T
    parameters = FilterParameters(tuple(filters), (x.astype(np.int64) & 0xFFFF).tolist(), z)
    FilterBench.run(Filters(filters), parameters, seed=seed, **options)


class FilterBench(BlockBench):
    """The streams of Filters."""

    Given = FilterParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.drive(samples__valid=0, outputs__ready=1)

    def expected(self, z: np.ndarray) -> list[int]:
        """The payloads of the outputs of samples."""
        return (z.ravel() & (1 << STATE_BITS) - 1).tolist()


@bench_test(FilterBench)
async def outputs(bench):
    """Every z with random pauses on both sides, after a reset in the middle of a sample."""
    given = bench.given
    cycles = Filters.cycles(given.filters)
    first = bench.source("samples")
    await first.send_all(given.x[-3:])  # they leave states behind
    await bench.domain.cycles(cycles // 3)
    await bench.domain.reset()
    source = bench.source("samples", willing=at_random(1))
    board = bench.sink("outputs", willing=at_random(2))
    board.start()
    board.expect(bench.expected(given.z))
    await source.send_all(given.x)
    await board.complete(100 * cycles)


@bench_test(FilterBench)
async def pace(bench):
    """Samples that wait are taken every so many cycles as `Filters.cycles` says."""
    given = bench.given
    source, board = bench.source("samples"), bench.sink("outputs")
    board.start()
    board.expect(bench.expected(given.z[:4]))
    cycles = Filters.cycles(given.filters)
    taken = [await source.send(sample) for sample in given.x[:4]]
    assert np.diff(taken).tolist() == [cycles] * 3
    await board.complete(2 * cycles)
