# SPDX-License-Identifier: BSD-2-Clause
"""How a bench writes the flash of its design."""

from collections.abc import Mapping

from firstspike.sim.harness.streams import ClockDomain, Dut, drive


async def fill(dut: Dut, domain: ClockDomain, content: Mapping[int, int]) -> None:
    """Write bytes into the flash by address, one per cycle. It begins between two edges."""
    for address, byte in content.items():
        drive(dut, filled__valid=1, filled__address=address, filled__data=byte)
        await domain.rising
    drive(dut, filled__valid=0)
