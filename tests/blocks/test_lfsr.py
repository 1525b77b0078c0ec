# SPDX-License-Identifier: BSD-2-Clause
"""The Lfsr: every draw against the golden model's generator."""

import random
from functools import partial

import cocotb

from firstspike.golden.learning.rule import leap
from firstspike.hdl.learner.update_control import generator
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import ClockDomain, drive
from tests.support.simulators import both_simulators


@both_simulators
def test_lfsr(simulator, seed):
    Simulation.of(generator(), simulator).run(__name__, seed=seed)


example = partial(test_lfsr, "verilator", seed=1)


@cocotb.test()
async def lockstep(dut):
    """Random draws, taken or not, with a seed in between that may be 0.

    After most seeds the next draw or the one behind it succeeds, or fails by one bit, often the
    highest one: of random states that is rare for a large j.
    A draw is looked at in every cycle but the first with another j, or after a seed.
    """
    drive(dut, draw=0, take=0, load=0, seed=0)
    domain = ClockDomain(dut)
    await domain.start()
    await domain.falling
    state = int(dut.state.value)
    assert state, "the state after a reset is 0"
    await domain.rising
    j, steady = 0, False
    before = {leap(one): one for one in range(1 << 16)}
    for _ in range(5000):
        if random.random() < 0.1:
            steady, j = False, random.randrange(16)
        take = steady and random.random() < 0.8
        target = random.randrange(1 << 16) & -1 << j
        if j and random.random() < 0.5:
            target ^= 1 << random.choice((j - 1, random.randrange(j)))
        once = before[target]
        load, seed = random.random() < 0.3, random.choice((0, once, *[before[once]] * 3))
        drive(dut, draw=j, take=take, load=load, seed=seed)
        await domain.falling
        following = leap(state)
        expected = {"state": state, "drawn": following % (1 << j) == 0}
        actual = {"state": int(dut.state.value), "drawn": bool(dut.drawn.value)}
        if not steady:
            actual["drawn"] = expected["drawn"]
        assert actual == expected, f"cycle {domain.cycle}, j = {j}: {actual}, expected {expected}"
        steady = not load
        if load and seed:
            state = seed
        elif take and j:
            state = following
        await domain.rising
