# SPDX-License-Identifier: BSD-2-Clause
"""The changes that a design makes in its flash, as its wires show them, and interruptions."""

import random
from dataclasses import dataclass
from itertools import pairwise

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from firstspike.golden.flash import PAGE_BYTES, SECTOR_BYTES
from firstspike.hdl.flash.spi import Command
from firstspike.sim.harness.streams import ClockDomain, Dut


@dataclass(frozen=True)
class Change:
    """A page that is programmed, or a sector that is erased."""

    address: int
    data: bytes | None
    """The bytes to program from `address` on; None for an erase."""

    def apply(self, content: bytearray) -> None:
        """Change the content of a flash."""
        for address, byte in zip(self._addresses, self.data or b"", strict=False):
            content[address] &= byte
        if self.data is None:
            content[self._addresses.start : self._addresses.stop] = b"\xff" * SECTOR_BYTES

    def interrupt(self, content: bytearray, rng: random.Random) -> None:
        """Change the content of a flash until the power fails at a random time.

        All bytes of a page or of a sector change at the same time, so any share of them is changed,
        often none or all. Others are half-changed: any of the bits to program are programmed; in a
        sector, any bits are set.
        """
        progress, half_changed = rng.uniform(-0.5, 1.5), max(rng.uniform(-1, 1), 0) ** 2
        done = bytearray(content)
        self.apply(done)
        for address in self._addresses:
            bits = rng.randrange(256)
            if rng.random() < half_changed:
                content[address] = (
                    bits if self.data is None else done[address] | bits & content[address]
                )
            elif rng.random() < progress:
                content[address] = done[address]

    @property
    def _addresses(self) -> range:
        if self.data is None:
            sector = self.address // SECTOR_BYTES * SECTOR_BYTES
            return range(sector, sector + SECTOR_BYTES)
        return range(self.address, self.address + len(self.data))


class FlashBus:
    """Record the commands on the wires of a flash: ports `cs`, `sck` and `mosi` of a bench.

    Parameters: `rest`, the minimum number of cycles between two commands.
    """

    def __init__(self, dut: Dut, domain: ClockDomain, rest: int) -> None:
        self._dut, self._domain, self._rest = dut, domain, rest
        self.commands: list[bytes] = []
        """The bytes of each command, with those that the master sends while it reads."""

    def start(self) -> None:
        """Begin to record."""
        self._bits: list[int] = []
        cocotb.start_soon(self._record_bits())
        cocotb.start_soon(self._record_ends())

    async def _record_bits(self) -> None:
        rises = RisingEdge(self._dut.sck)
        while True:
            await rises
            assert self._dut.cs.value, "the clock runs without a selected flash"
            self._bits.append(int(self._dut.mosi.value))

    async def _record_ends(self) -> None:
        falls, rises = FallingEdge(self._dut.cs), RisingEdge(self._dut.cs)
        while True:
            await falls
            if self._domain.in_reset:
                self._bits = []
                continue
            end = self._domain.cycle
            assert len(self._bits) % 8 == 0, "a command ends inside a byte"
            number = int("".join(map(str, self._bits)) or "0", 2)
            self.commands.append(number.to_bytes(len(self._bits) // 8, "big"))
            self._bits = []
            await rises
            pause = self._domain.cycle - end
            assert pause >= self._rest, f"the flash rests for {pause} cycles"

    @property
    def changes(self) -> list[Change]:
        """The changes so far. Raises AssertionError for one without a command that enables it."""
        found = []
        for before, command in pairwise([b"", *self.commands]):
            address = int.from_bytes(command[1:4], "big")
            if command[0] not in (Command.PROGRAM, Command.ERASE):
                continue
            assert before == bytes([Command.ENABLE]), "a change is not enabled"
            data = command[4:] if command[0] == Command.PROGRAM else None
            assert data is None or address % PAGE_BYTES + len(data) <= PAGE_BYTES, "a page ends"
            found.append(Change(address, data))
        return found
