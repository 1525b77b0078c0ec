# SPDX-License-Identifier: BSD-2-Clause
"""The Filters: z of every sample against the formulas of the design."""

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest

from firstspike.golden.sound.defaults import resonant
from firstspike.golden.sound.filters import STATE_BITS, Filter
from firstspike.hdl.sound.filters import Filters
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, at_random


@pytest.mark.parametrize(
    "resonances", [pytest.param((), marks=pytest.mark.long), (150, 1900, 3700)]
)
def test_filters(resonances, seed):
    """60 random samples of any loudness."""
    waits = Filter(a1=12000, a2=-9000, up=0, down=23, gain=0)  # for its D
    filters = [*(resonant(f, 200, 8000) for f in resonances), waits]
    rng = np.random.default_rng(seed)
    loud = np.repeat(2 ** rng.integers(0, 16, 6), 10)
    x = np.where(rng.random(60) < 0.7, rng.choice([-1, 1], 60), rng.uniform(-1, 1))
    x = (x * loud).clip(-(2**15), 2**15 - 1).astype(np.int16)
    arguments = SimpleNamespace(
        filters=filters,
        x=(x.astype(np.int64) & 0xFFFF).tolist(),
        z=np.array([list(outputs_of(one, x)) for one in filters]).T,
    )
    Simulation.of(Filters(filters)).run(__name__, arguments, seed=seed)


example = partial(test_filters, (150, 1900, 3700), seed=1)


def outputs_of(one: Filter, x: np.ndarray) -> Iterator[int]:
    """Yield z of each sample (DESIGN, section 6)."""
    x2 = x1 = y2 = y1 = z2 = z1 = 0
    for x0 in x.tolist():
        y0 = ((x0 - x2) << one.up) + ((one.a1 * y1 + one.a2 * y2 + 2**13) >> 14)
        z0 = ((y0 - y2) >> one.down) + ((one.a1 * z1 + one.a2 * z2 + 2**13) >> 14)
        yield z0
        x2, x1, y2, y1, z2, z1 = x1, x0, y1, y0, z1, z0


class FilterBench(BlockBench):
    """The streams of Filters."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.drive(samples__valid=0, outputs__ready=1)

    def expected(self, z: np.ndarray) -> list[int]:
        """The payloads of the outputs of samples."""
        return (z.ravel() & (1 << STATE_BITS) - 1).tolist()


@cocotb.test()
async def outputs(dut):
    """Every z with random pauses on both sides, after a reset in the middle of a sample."""
    bench = await FilterBench(dut).start()
    arguments = bench.arguments
    cycles = Filters.cycles(arguments.filters)
    first = bench.source("samples")
    await first.send(*arguments.x[-3:])  # they leave states behind
    await bench.domain.cycles(cycles // 3)
    await bench.domain.reset()
    source = bench.source("samples", willing=at_random(1))
    board = bench.sink("outputs", willing=at_random(2))
    board.start()
    board.expect(bench.expected(arguments.z))
    await source.send(*arguments.x)
    await board.complete(100 * cycles)


@cocotb.test()
async def pace(dut):
    """The filters accept a waiting sample every `Filters.cycles` cycles."""
    bench = await FilterBench(dut).start()
    arguments = bench.arguments
    source, board = bench.source("samples"), bench.sink("outputs")
    board.start()
    board.expect(bench.expected(arguments.z[:4]))
    cycles = Filters.cycles(arguments.filters)
    accept_cycles = [await source.send(sample) for sample in arguments.x[:4]]
    assert np.diff(accept_cycles).tolist() == [cycles] * 3
    await board.complete(2 * cycles)
