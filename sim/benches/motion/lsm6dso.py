# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the Lsm6dso: a part that comes, gives samples, stops, loses its power and goes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from firstspike.hdl.motion.frames import sample_layout
from firstspike.hdl.motion.lsm6dso import AXES, REST_SECONDS, SILENT_SECONDS, Lsm6dso
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.streams import Dut, at_random

from .part import Part

CLOCK_HZ = 100_000
"""A slow clock makes few cycles of the times that the part takes."""


@dataclass(frozen=True)
class PartParameters:
    """What the bench is told: how many samples come each time."""

    samples: int


def simulate(samples: int = 6, **options: Any) -> None:
    """Let a part give so many samples, four times; `options` are `BlockBench.run`'s."""
    Lsm6dsoBench.run(Lsm6dso(CLOCK_HZ), PartParameters(samples), **options)


def example(**options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    simulate(**options)
    return "an LSM6DSO that comes, stops, loses its power and goes: 24 samples"


class Lsm6dsoBench(BlockBench):
    """A part, and the samples that come of it."""

    Given = PartParameters

    def __init__(self, dut: Dut, willing: Iterator[bool] | None = None) -> None:
        super().__init__(dut)
        self.part = Part(dut.cs, dut.sck, dut.mosi, dut.miso)
        self.samples = self.sink("samples", sample_layout(), willing)

    async def start(self) -> None:
        """Start the clock, the sink and the part."""
        await super().start()
        self.part.start()

    async def until(self, met, seconds: float) -> None:
        """Wait until this holds, for at most so many seconds and what rounding makes of them."""
        assert await self.domain.until(met, round(2.5 * seconds * CLOCK_HZ)), "it does not happen"

    async def give(self, count: int, silent: float = SILENT_SECONDS) -> None:
        """Let the part be configured, and give samples, of which the first follows a gap.

        A part that was absent is configured at once, another one after `silent` seconds.
        """
        await self.until(lambda: self.part.configured, silent + 10 * REST_SECONDS)
        for number in range(count):
            values = [random.randrange(-(1 << 15), 1 << 15) for _ in range(AXES)]
            first = int(number == 0)
            self.samples.expect({"x": value & 0xFFFF, "first": first} for value in values)
            await self.part.give(values, round(SILENT_SECONDS * CLOCK_HZ))
        await self.samples.complete(1000)
        assert not self.dut.absent.value
        assert not self.dut.stopped.value


async def _all(bench: Lsm6dsoBench) -> None:
    dut, part, count = bench.dut, bench.part, bench.given.samples
    await bench.until(lambda: dut.absent.value, 10 * REST_SECONDS)
    part.begin()
    await bench.give(count, silent=0)
    await bench.until(lambda: dut.stopped.value, SILENT_SECONDS)  # it goes on without a sample
    await bench.give(count)
    part.begin()  # its power was away for a moment
    await bench.until(lambda: dut.stopped.value, SILENT_SECONDS)
    await bench.give(count)
    part.present = False
    await bench.until(lambda: dut.absent.value, 10 * REST_SECONDS)
    assert not dut.stopped.value
    part.begin()
    await bench.give(count, silent=0)


@bench_test(Lsm6dsoBench)
async def at_once(bench):
    """Samples are taken at once."""
    await _all(bench)


@bench_test(Lsm6dsoBench, willing=at_random(3))
async def with_pauses(bench):
    """Samples are taken with random pauses."""
    await _all(bench)
