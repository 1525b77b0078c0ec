# SPDX-License-Identifier: BSD-2-Clause
"""How a bench writes the flash that its design reads."""

from collections.abc import Mapping

from firstspike.sim.harness.streams import ClockDomain, Dut, drive


async def fill(dut: Dut, domain: ClockDomain, content: Mapping[int, int]) -> None:
    """Write bytes into the flash, by their places, one per cycle. It begins between two edges."""
    for place, byte in content.items():
        drive(dut, filled__valid=1, filled__address=place, filled__data=byte)
        await domain.rising
    drive(dut, filled__valid=0)
