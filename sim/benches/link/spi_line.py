# SPDX-License-Identifier: BSD-2-Clause
"""The wires of a LinkedCore with SPI: the bench is the master, who sends and reads at once."""

import random
from collections import deque

import cocotb
from cocotb.triggers import Event

from firstspike.hdl.link.framing.spi import IDLE
from firstspike.sim.harness.spi_master import LEAD, Pace, SpiMaster
from firstspike.sim.harness.streams import ClockDomain, Dut

from .received import Received


class SpiLine:
    """A master that never rests: where nothing is to be sent it reads.

    With `pauses` its pace is another for every byte, it lets SCK rest, and lets go of the board in
    the midst of frames.
    """

    def __init__(self, dut: Dut, domain: ClockDomain, bits: int, pauses: bool) -> None:
        self.arrived = Received(domain)
        self._domain, self._bits, self._pauses = domain, bits, pauses
        self._master = SpiMaster(dut, self._pace)
        self._waiting: deque[int] = deque()
        self._started = Event()  # to send the last byte that waits

    def start(self) -> None:
        """Begin to read."""
        cocotb.start_soon(self._exchange())

    async def send(self, content: bytes, spacing: int) -> None:
        """Send bytes, one right after the other, up to the beginning of the last one."""
        self._waiting += content
        self._started.clear()
        await self._started.wait()

    def _pace(self) -> Pace:
        if not self._pauses:
            return Pace.of(self._bits)
        return Pace.of(self._bits + random.choice((0, random.random())), jitter=2)

    async def _exchange(self) -> None:
        within = False  # a frame of the board
        await self._master.choose(LEAD)
        while True:
            byte = self._waiting.popleft() if self._waiting else IDLE
            if not self._waiting:
                self._started.set()
            received = await self._master.exchange(byte)
            if within or received != IDLE:
                self.arrived.take(received, self._domain.cycle)
            within = received != IDLE
            if self._pauses and random.random() < 0.1:
                await self._domain.cycles(random.randrange(1, 20))
                if random.random() < 0.5:
                    await self._master.leave(LEAD)
                    await self._master.choose(LEAD)
