# SPDX-License-Identifier: BSD-2-Clause
"""How a bench writes and reads the flash of its design."""

from collections.abc import Iterable, Mapping

from firstspike.sim.harness.streams import ClockDomain, Dut, drive


async def fill(dut: Dut, domain: ClockDomain, content: Mapping[int, int]) -> None:
    """Write bytes into the flash by address, one per cycle. It begins between two edges."""
    for address, byte in content.items():
        drive(dut, filled__valid=1, filled__address=address, filled__data=byte)
        await domain.rising
    drive(dut, filled__valid=0)


async def stored(dut: Dut, domain: ClockDomain, addresses: Iterable[int]) -> bytes:
    """Read bytes of the flash by address, one per cycle."""
    content = bytearray()
    await domain.falling
    for address in addresses:
        drive(dut, filled__address=address)
        await domain.falling
        content.append(int(dut.stored.value))
    return bytes(content)
