# SPDX-License-Identifier: BSD-2-Clause
"""A fault that comes and goes is told once."""

from amaranth.sim import Simulator

from firstspike.hdl.alone.hold import Hold


def test_a_fault_is_held():
    hold = Hold(3, 6)  # 7 cycles after the last one
    held = []

    async def bench(ctx):
        for now in (0, 2, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0):
            ctx.set(hold.now, now)
            await ctx.tick()
            held.append(ctx.get(hold.held))

    simulator = Simulator(hold)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert held == [0] + [2] * 10 + [0] * 2 + [1] * 2
