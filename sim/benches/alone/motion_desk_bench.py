# SPDX-License-Identifier: BSD-2-Clause
"""Bench of a board on a desk with an LSM6DSO: fills its flash, gives samples, keeps its text."""

from firstspike.sim.benches.motion.part import Part
from firstspike.sim.harness.bench import bench_test
from firstspike.sim.harness.streams import Dut

from .desk_bench import LOADING_CYCLES, PATIENCE, BoardBench
from .motion_desk import MotionParameters


class MotionDeskBench(BoardBench):
    """The ports of a desk with an LSM6DSO."""

    Given = MotionParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.part = Part(dut.sensor_cs, dut.sensor_sck, dut.sensor_mosi, dut.sensor_miso)


@bench_test(MotionDeskBench)
async def motion_desk(bench):
    """From power-up to the last sample, and until the last decision is said."""
    given, part = bench.given, bench.part
    await bench.fill()
    part.begin()
    part.start()
    loading = PATIENCE + LOADING_CYCLES * len(given.flash)
    assert await bench.domain.until(lambda: part.configured, loading), "no part is configured"
    for values in given.samples.tolist():
        await part.give(values, PATIENCE)
    await bench.domain.cycles(PATIENCE)
    return bench.text.content
