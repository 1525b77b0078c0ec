# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the Lfsr: every draw against the golden model's generator."""

import random
from typing import Any

import cocotb

from firstspike.golden.learning.rule import leap
from firstspike.hdl.learner.learner import generator
from firstspike.hdl.lib.lfsr import Lfsr
from firstspike.sim.harness.bench_io import given
from firstspike.sim.harness.block import run_bench
from firstspike.sim.harness.streams import ClockDomain, drive


def simulate(lfsr: Lfsr, amount: int = 5000, **options: Any) -> None:
    """Hold a generator against `golden.learning.rule.leap`, for `amount` cycles of random inputs.

    `options` are `run_bench`'s.
    """
    run_bench(__name__, lfsr, amount, **options)


def example(**options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    simulate(generator(), **options)
    return "5000 cycles of draws and seeds against the golden generator"


@cocotb.test()
async def lockstep(dut):
    """Random draws, taken or not, with a seed in between that may be 0.

    A draw is looked at in every cycle but the first with another j, or after a seed.
    """
    domain = ClockDomain(dut)
    drive(dut, draw=0, take=0, load=0, seed=0)
    await domain.start()
    await domain.falling
    state = int(dut.state.value)
    assert state, "the state after a reset is 0"
    await domain.rising
    j, steady = 0, False
    for _ in range(given(int)):
        if random.random() < 0.2:
            steady, j = False, random.choice((0, 1, 2, random.randrange(16)))
        take = steady and random.random() < 0.8
        load, seed = random.random() < 0.05, random.choice((0, random.randrange(1 << 16)))
        drive(dut, draw=j, take=take, load=load, seed=seed)
        await domain.falling
        following = leap(state)
        expected = {"state": state, "drawn": following % (1 << j) == 0}
        found = {"state": int(dut.state.value), "drawn": bool(dut.drawn.value)}
        if not steady:
            found["drawn"] = expected["drawn"]
        assert found == expected, f"cycle {domain.cycle}, j = {j}: {found}, expected {expected}"
        steady = not load
        if load and seed:
            state = seed
        elif take and j:
            state = following
        await domain.rising
