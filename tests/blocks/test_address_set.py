# SPDX-License-Identifier: BSD-2-Clause
"""The AddressSet: random sets, added in any order, against Python's sorted sets."""

import random
from functools import partial
from types import SimpleNamespace

import cocotb
import pytest

from firstspike.golden.timing import latencies
from firstspike.hdl.learner.address_set import AddressSet, address_layout
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, at_random
from tests.support.simulators import EITHER, one_simulator, refused, sampled

PATIENCE = 100
"""Cycles for each address in which a walk must be through."""


@one_simulator
@pytest.mark.parametrize("n", sampled([1, 40, 300], 2))  # a word, a block, more blocks than one
def test_address_set(simulator, n, seed):
    Simulation.of(AddressSet(n), simulator).run(
        __name__, SimpleNamespace(n=n, walks=100), seed=seed
    )


@pytest.mark.parametrize("n", sampled([16, 17, 257, 4096], 4))
def test_address_set_of_any_size(n):
    Simulation.of(AddressSet(n), EITHER).run(__name__, SimpleNamespace(n=n, walks=20))


@pytest.mark.parametrize("n", [0, 4097])
def test_impossible_address_sets_are_refused(n):
    refused(lambda: AddressSet(n), f"1 to 4096 addresses, not {n}")


example = partial(test_address_set, "verilator", 300, seed=1)


@cocotb.test()
async def walks(dut):
    """Sets of any size, walked with pauses; some are cleared before, some on the way."""
    bench = await AddressSetBench(dut, pauses=True).start()
    for _ in range(bench.arguments.walks):
        await bench.fill(random.choice((0, 1, 3, 30, bench.n)))
        if random.random() < 0.2:
            await bench.clear()
            await bench.fill(random.choice((0, 1, 10)))
        await bench.walk()
        if random.random() < 0.2:
            await bench.interrupt()
        else:
            await bench.finish()


@cocotb.test()
async def without_gaps(dut):
    """To a taker who is always ready, an address per cycle, the first after SWEEP_START."""
    bench = await AddressSetBench(dut, pauses=False).start()
    for size in (1, 2, 3, 10, bench.n):
        await bench.fill(size)
        before = len(bench.board.received)
        start = await bench.walk() + latencies.SWEEP_START
        await bench.finish()
        cycles = [cycle for cycle, _ in bench.board.received[before:]]
        assert cycles == list(range(start, start + len(cycles))), f"start {start}: {cycles}"


class AddressSetBench(BlockBench):
    """The ports of an AddressSet, and what it should hold."""

    def __init__(self, dut: Dut, pauses: bool) -> None:
        super().__init__(dut)
        self.n = self.arguments.n
        self.held: set[int] = set()
        self._clearing = False
        # Clearing withdraws what is offered, so its taker must be ready.
        willing = at_random(1, lambda: self._clearing) if pauses else None
        self.board = self.sink("sweep", address_layout(self.n), willing)
        self.drive(add__valid=0, add__address=0, start=0, clear=0)

    async def fill(self, more: int) -> None:
        """Add `more` random addresses of a random part, with pauses, and repeat some."""
        first = random.randrange(self.n)
        part = range(first, random.randint(first, self.n - 1) + 1)
        busy = random.choice((0.3, 1))
        while more:
            adds = random.random() < busy
            address = random.choice(part if random.random() < 0.9 else range(self.n))
            self.drive(add__valid=adds, add__address=address)
            await self.domain.falling
            self._check_empty(not self.held)
            await self.domain.rising
            if adds:
                self.held.add(address)
                more -= 1
        self.dut.add__valid.value = 0

    def _check_empty(self, expected: bool) -> None:
        empty = bool(self.dut.empty.value)
        assert empty == expected, f"cycle {self.domain.cycle}: empty is {empty}"

    async def clear(self) -> None:
        """Empty the set, in a cycle in which something is added, too."""
        self.drive(clear=1, add__valid=1, add__address=random.randrange(self.n))
        await self.domain.rising
        self.drive(clear=0, add__valid=0)
        self.held.clear()

    async def walk(self) -> int:
        """Start the walk, perhaps with a last address, and expect all; return the cycle."""
        if random.random() < 0.5:
            address = random.randrange(self.n)
            self.drive(add__valid=1, add__address=address)
            self.held.add(address)
        ascending = sorted(self.held)
        self.held.clear()
        self.board.expect(
            {"address": address, "last": address == ascending[-1]} for address in ascending
        )
        cycle = self.domain.cycle
        await self.domain.pulse(self.dut.start)
        self.dut.add__valid.value = 0
        return cycle

    async def finish(self) -> None:
        """Wait for the walk's end; the set is empty just when everything has been taken."""
        for _ in range(PATIENCE * (self.board.missing + 1)):
            missing = self.board.missing
            await self.domain.falling
            self._check_empty(not missing)
            if not missing:
                break
            await self.domain.rising
        self.board.finish()
        await self.domain.rising

    async def interrupt(self) -> None:
        """Clear in the middle of the walk: from then on nothing comes."""
        await self.domain.cycles(random.randrange(12))
        self._clearing = True
        await self.domain.rising
        await self.clear()
        self._clearing = False
        self.board.forget()
        await self.domain.cycles(2 * latencies.SWEEP_START)
