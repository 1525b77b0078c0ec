# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the virtual board: moves bytes between a pseudo-terminal and the streams of the link.

The clock stands still while there is nothing to do: no byte from the host, and an answer to every
frame of his.
"""

import os
import select
import signal
import socket
from contextlib import suppress

import cocotb

from firstspike.hdl.link.framing.uart import LINE_SPACING
from firstspike.hdl.link.protocol.formats import DELIMITER
from firstspike.sim.harness.bench_io import given
from firstspike.sim.harness.streams import ClockDomain, Dut

from .bench import ByteLine

PIECE = 64
"""Bytes from the host that go in before what has come out is passed on."""

STEP = 500
"""Cycles between two looks at the terminal while something is under way."""

PATIENCE = 1_000_000
"""Cycles without a byte after which nothing is under way any more: several frames that were dropped
may have one answer."""


class Terminal:
    """Our end of the pseudo-terminal, and the socket that says how long there is one."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        _, (self._file,), _, _ = socket.recv_fds(control, 1, 1)
        self._unsent = b""
        os.set_blocking(self._file, False)

    def read(self, idle: bool) -> bytes | None:
        """What the host has sent, empty for nothing; None if the end has come.

        If the board is `idle` waits for it, unless there is more to send than he has taken.
        """
        control = self._control.fileno()
        patience = None if idle and not self._unsent else 0
        readable, _, _ = select.select([self._file, control], [], [], patience)
        if control in readable:
            return None
        return os.read(self._file, PIECE) if readable else b""

    def write(self, content: bytes) -> None:
        """Send to the host what he takes; the rest waits."""
        self._unsent += content
        with suppress(BlockingIOError):
            self._unsent = self._unsent[os.write(self._file, self._unsent) :]


@cocotb.test()
async def virtual(dut: Dut) -> None:
    """Be a board until the control socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who has started us
    control = socket.socket(socket.AF_UNIX)
    control.connect(given(bytes))
    terminal = Terminal(control)
    domain = ClockDomain(dut)
    line = ByteLine(dut, domain)
    arrived = line.arrived
    dut.show.value = 0
    await domain.start()
    line.start()
    asked, begun = 0, b""  # frames from the host, and what has come of the next one
    quiet = 0  # cycles without a byte
    while (content := terminal.read(arrived.frames >= asked or quiet > PATIENCE)) is not None:
        quiet += STEP
        if content:
            *frames, begun = (begun[-1:] + content).split(DELIMITER)
            asked += sum(map(bool, frames))
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
