# SPDX-License-Identifier: BSD-2-Clause
"""A master of SPI in mode 0, for benches: by the definition, and with all the freedom it gives.

    sck   ______/~~~~~~\\______/~~~~~~\\______
    mosi  =<  highest  >X<    next    >X
    miso      ?[   ]?      ?[   ]?           steady from `setup` before a rising edge to `hold`
          low      high                      behind it, or the master fails

Times are in steps of the simulation, of which a clock of the design has `PERIOD`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from cocotb.triggers import Timer

from firstspike.hdl.link.protocol.lines import SPI_CLOCKS

from .streams import PERIOD, Dut

LEAD = SPI_CLOCKS * PERIOD
"""Steps from chip select to the first rising edge, and from choice to choice, at least."""

HIGHEST = 7
"""The place of the bit that comes first."""


@dataclass(frozen=True)
class Pace:
    """How fast a master is."""

    low: int
    high: int
    """Steps that SCK is at each level."""
    jitter: int = 0
    """Steps by which each of them may be longer or shorter."""
    setup: int = 0
    hold: int = 0
    """Steps in which MISO must not change."""

    @classmethod
    def of(cls, clocks: float, **rest: int) -> "Pace":
        """Return a pace of `clocks` clock cycles of the design per bit, half at each level."""
        steps = round(clocks * PERIOD)
        return cls(steps // 2, steps - steps // 2, **rest)


class SpiMaster:
    """Drives `sck`, `mosi` and `select` of a design, and reads its `miso`."""

    def __init__(self, dut: Dut, pace: Callable[[], Pace]) -> None:
        """Each byte calls `pace`."""
        self._sck, self._mosi, self._miso, self._select = dut.sck, dut.mosi, dut.miso, dut.select
        self._pace = pace
        self.rest()

    def rest(self) -> None:
        """Let go of the slave."""
        self._sck.value = self._mosi.value = self._select.value = 0

    async def choose(self, steps: int) -> None:
        """Choose the slave, and wait."""
        self._select.value = 1
        await Timer(steps, "step")

    async def leave(self, steps: int) -> None:
        """Choose it no more, and wait."""
        self._select.value = 0
        await Timer(steps, "step")

    async def exchange(self, byte: int, count: int = 8) -> int:
        """Send a byte, or only its first `count` bits; return the received bits in their places."""
        pace, received = self._pace(), 0
        for bit_index in range(HIGHEST, HIGHEST - count, -1):
            low, high = pace.low, pace.high
            if pace.jitter:
                low += random.randint(-pace.jitter, pace.jitter)
                high += random.randint(-pace.jitter, pace.jitter)
            self._mosi.value = byte >> bit_index & 1
            await Timer(low - pace.setup, "step")
            bit = int(self._miso.value)
            if pace.setup:
                await Timer(pace.setup, "step")
                assert self._miso.value == bit, f"MISO is not there {pace.setup} steps before SCK"
            self._sck.value = 1
            if pace.hold:
                await Timer(pace.hold, "step")
                assert self._miso.value == bit, f"MISO has gone {pace.hold} steps after SCK"
            await Timer(high - pace.hold, "step")
            self._sck.value = 0
            received |= bit << bit_index
        return received
