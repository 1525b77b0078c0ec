# SPDX-License-Identifier: BSD-2-Clause
"""The design reports an intermittent fault once."""

from firstspike.hdl.standalone.fault_stretcher import FaultStretcher
from tests.support.simulators import run_bench


def test_a_fault_is_held():
    stretcher = FaultStretcher(3, 6)  # 7 cycles after the last one
    held = []

    async def bench(ctx):
        for now in (0, 2, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0):
            ctx.set(stretcher.now, now)
            await ctx.tick()
            held.append(ctx.get(stretcher.held))

    run_bench(stretcher, bench)
    assert held == [0] + [2] * 10 + [0] * 2 + [1] * 2
