# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the virtual board: moves bytes between a pseudo-terminal and the streams of the link.

The clock stands still while there is nothing to do: no byte from the host, and an answer to every
frame of his.
"""

import cocotb

from firstspike.hdl.link.framing.uart import LINE_SPACING
from firstspike.hdl.link.protocol.formats import DELIMITER
from firstspike.sim.harness.bench_io import arguments
from firstspike.sim.harness.streams import ClockDomain, Dut
from firstspike.sim.harness.terminal import Terminal

from .bench import ByteLine

STEP = 500
"""Cycles between two looks at the terminal while something is under way."""

PATIENCE = 1_000_000
"""Cycles without a byte after which nothing is under way any more: several frames that were dropped
may have one answer."""


@cocotb.test()
async def virtual(dut: Dut) -> None:
    """Be a board until the terminal is closed."""
    terminal = Terminal(arguments(bytes))
    domain = ClockDomain(dut)
    line = ByteLine(dut, domain)
    arrived = line.arrived
    dut.show.value = 0
    await domain.start()
    line.start()
    frame_count, partial = 0, b""  # frames from the host, and what has come of the next one
    quiet = 0  # cycles without a byte
    while (content := terminal.read(arrived.frames >= frame_count or quiet > PATIENCE)) is not None:
        quiet += STEP
        if content:
            *frames, partial = (partial[-1:] + content).split(DELIMITER)
            frame_count += sum(map(bool, frames))
            await line.send(content, LINE_SPACING)
            quiet = 0
        else:
            await domain.cycles(STEP)
        sent = bytes(arrived.content)
        if sent:
            arrived.content.clear()
            arrived.cycles.clear()
            quiet = 0
        terminal.write(sent)
