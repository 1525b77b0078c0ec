# SPDX-License-Identifier: BSD-2-Clause
"""The small blocks that learning is made of, each against a few lines of Python."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from firstspike.hdl.learner.address_set import AddressSet
from firstspike.hdl.learner.learner import generator
from firstspike.hdl.lib.popcount import popcount
from firstspike.sim.benches import address_set, lfsr
from tests.support.refused import refused
from tests.support.simulators import EITHER, BothSimulators

both_simulators = BothSimulators()


@both_simulators(["n"], [(1,), (40,), (300,)])  # a word, a block, more blocks than one
def test_address_set(simulator, n):
    address_set.simulate(AddressSet(n), simulator=simulator)


@pytest.mark.parametrize("n", [16, 17, 257, 4096])
def test_address_set_of_any_size(n):
    address_set.simulate(AddressSet(n), simulator=EITHER, amount=20)


@pytest.mark.parametrize("n", [0, 4097])
def test_impossible_address_sets_are_refused(n):
    refused(lambda: AddressSet(n), f"1 to 4096 addresses, not {n}")


@both_simulators()
def test_lfsr(simulator):
    lfsr.simulate(generator(), simulator=simulator)


@pytest.mark.parametrize("width", [1, 2, 6, 7, 8, 10, 15])
def test_popcount_without_registers(width):
    m = Module()
    bits, count = Signal(width), Signal(range(width + 1))
    m.d.comb += count.eq(popcount(bits))

    async def every_word(ctx):
        for word in range(0, 1 << width, 1 if width < 11 else 29):
            ctx.set(bits, word)
            assert ctx.get(count) == word.bit_count()

    simulator = Simulator(m)
    simulator.add_testbench(every_word)
    simulator.run()
    assert len(popcount(bits)) == len(count)


test_all_on_icarus = both_simulators.on_icarus()
