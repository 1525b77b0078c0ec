# SPDX-License-Identifier: BSD-2-Clause
"""The SpiSlave: a master with an independent clock exchanges bytes with random streams."""

import random
from functools import partial
from typing import Self

import cocotb
from cocotb.triggers import Timer

from firstspike.hdl.link.framing.spi import IDLE, SpiSlave
from firstspike.hdl.link.protocol.lines import SPI_CLOCKS
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.spi_master import LEAD, Pace, SpiMaster
from firstspike.sim.harness.streams import PERIOD, BlockBench, Dut, at_random
from tests.support.simulators import both_simulators

SLOWEST = 9
"""Clocks a bit, of the masters that are tried."""

PATIENCE = 20
"""Cycles in which the last byte must have come."""


@both_simulators
def test_spi_slave(simulator, seed):
    Simulation.of(SpiSlave(), simulator).run(__name__, seed=seed)


example = partial(test_spi_slave, "verilator", seed=1)


@cocotb.test()
async def as_fast_as_may_be(dut):
    """A byte in every eight bits, whatever the phase of the clocks; MISO has its clock of rest."""
    bench = await SpiBench(
        dut, pace=Pace.of(SPI_CLOCKS, setup=PERIOD - 1, hold=2 * PERIOD - 1)
    ).start()
    for phase in range(PERIOD):
        await Timer(LEAD + phase, "step")
        await bench.master.choose(LEAD)
        await bench.exchange(6)
        await bench.master.leave(LEAD)
    assert len(bench.received_bytes) == 6 * PERIOD, "not a byte in every eight bits"
    await bench.check()


@cocotb.test()
async def at_any_pace(dut):
    """With jitter, pauses of both sides, and transfers that end in the midst of a byte."""
    bench = await SpiBench(dut, pace=Pace.of(SPI_CLOCKS), pauses=True).start()
    for _ in range(40):
        clocks = random.choice((SPI_CLOCKS, random.uniform(SPI_CLOCKS, SLOWEST)))
        bench.pace = Pace.of(clocks, jitter=random.choice((0, 4)), setup=1, hold=PERIOD)
        await Timer(random.randrange(LEAD, 4 * LEAD), "step")
        await bench.master.choose(random.randrange(LEAD, 2 * LEAD))
        for _ in range(random.randrange(4)):
            await bench.exchange(random.randrange(4))
            await Timer(random.randrange(1, 5 * LEAD), "step")
        if random.random() < 0.5:
            await bench.master.exchange(random.randrange(256), random.randrange(1, 8))
        await bench.master.leave(random.randrange(LEAD, 2 * LEAD))
    await bench.check()


@cocotb.test()
async def a_transfer_that_was_under_way_is_not_looked_at(dut):
    """A transfer that began before the end of the reset may be in the midst of a byte."""
    bench = await SpiBench(dut, pace=Pace.of(SPI_CLOCKS + 1)).start()
    for bits in (1, 5, 8):
        await bench.master.choose(LEAD)
        await bench.master.exchange(0xFF, bits)
        await bench.domain.reset()
        await bench.master.exchange(0x55)
        await bench.master.exchange(0x55)
        await bench.master.leave(LEAD)
        bench.received_bytes.clear()
        bench.accepted_bytes.clear()
    await bench.master.choose(LEAD)
    await bench.exchange(3)
    await bench.board.complete(PATIENCE)


class SpiBench(BlockBench):
    """A slave between its streams and a master."""

    def __init__(self, dut: Dut, pace: Pace, pauses: bool = False) -> None:
        super().__init__(dut)
        self.pace = pace
        self.master = SpiMaster(dut, lambda: self.pace)
        self.sent = self.source("sent", willing=at_random(1) if pauses else None)
        self.board = self.sink("received")
        self.accepted_bytes: list[int] = []
        """Bytes that the slave has accepted for sending."""
        self.received_bytes: list[int] = []
        """Bytes from the slave without its filler bytes."""

    async def start(self) -> Self:
        """Begin."""
        await super().start()
        cocotb.start_soon(self._give())
        return self

    async def _give(self) -> None:
        while True:
            byte = random.randrange(256)
            if byte != IDLE:
                self.accepted_bytes.append(byte)
                await self.sent.send(byte)

    async def exchange(self, count: int) -> None:
        """Whole bytes, right behind one another."""
        for _ in range(count):
            byte = random.randrange(256)
            self.board.expect([byte])
            back = await self.master.exchange(byte)
            if back != IDLE:
                self.received_bytes.append(back)

    async def check(self) -> None:
        """Check that the bytes of both directions have arrived."""
        await self.board.complete(PATIENCE)
        assert self.received_bytes == self.accepted_bytes[: len(self.received_bytes)], (
            "other bytes came than were sent"
        )
        # The slave holds one byte, and its stream another.
        assert len(self.accepted_bytes) - len(self.received_bytes) <= 2, (
            "a byte was lost on the way to the master"
        )
