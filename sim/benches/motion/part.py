# SPDX-License-Identifier: BSD-2-Clause
"""A model of an LSM6DSO at its SPI wires, as far as a design uses it, for cocotb benches."""

import struct
from typing import Any

import cocotb
from cocotb.triggers import Event, FallingEdge, First, RisingEdge, Timer

from firstspike.hdl.motion.lsm6dso import (
    AXES,
    BYTE,
    CONFIGURATION,
    DATA,
    IDENTITY,
    READ,
    READY,
    STATUS,
    WHO_AM_I,
)
from firstspike.sim.harness.streams import PERIOD

ABSENT = 0xFF
"""What is read where no part is: the wire is pulled up."""


class Part:
    """Registers behind SPI in mode 3: it samples at the rising edge, and sends at the falling one.

    Parameters: handles of the wires.
    """

    def __init__(self, cs: Any, sck: Any, mosi: Any, miso: Any) -> None:
        self._cs, self._sck, self._mosi, self._miso = cs, sck, mosi, miso
        self.present = False
        self.registers: dict[int, int] = {}
        self.taken = 0
        """How many samples have been read as a whole."""
        self._read = Event()
        miso.value = 1

    def begin(self) -> None:
        """Power it up, without a configuration."""
        self.present = True
        self.registers = {WHO_AM_I: IDENTITY, STATUS: 0}

    @property
    def configured(self) -> bool:
        """Whether it has been told all that it needs to give samples."""
        return all(self.registers.get(key) == value for key, value in CONFIGURATION.items())

    def offer(self, values: list[int]) -> None:
        """Have a sample ready, the signed values of all axes."""
        assert self.configured, "the part was not configured"
        content = struct.pack(f"<{AXES}h", *values)
        self.registers |= {DATA + place: byte for place, byte in enumerate(content)}
        self.registers[STATUS] = READY

    async def give(self, values: list[int], patience: int) -> None:
        """Offer a sample, which must be read within so many cycles of the design."""
        taken = self.taken
        self._read.clear()
        self.offer(values)
        await First(self._read.wait(), Timer(patience * PERIOD, "step"))
        assert self.taken > taken, f"a sample was not read in {patience} cycles"

    def start(self) -> None:
        """Begin to listen."""
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        while True:
            await RisingEdge(self._cs)
            listening = cocotb.start_soon(self._selected())
            await FallingEdge(self._cs)
            listening.cancel()
            self._miso.value = 1

    async def _byte(self, sent: int | None) -> int:
        """Exchange a byte, of which nothing is sent where it is None."""
        came = 0
        for bit in reversed(range(BYTE)):
            await FallingEdge(self._sck)
            self._miso.value = 1 if sent is None else sent >> bit & 1
            await RisingEdge(self._sck)
            came = came << 1 | int(self._mosi.value)
        return came

    async def _selected(self) -> None:
        assert self._sck.value == 1, "SCK rests high"
        command = await self._byte(None)
        place = command & ~READ
        while True:
            if command & READ:
                await self._byte(self.registers.get(place, 0) if self.present else ABSENT)
                if place == DATA + 2 * AXES - 1:
                    self.registers[STATUS] = 0
                    self.taken += 1
                    self._read.set()
            else:
                self.registers[place] = await self._byte(None)
            place += 1
