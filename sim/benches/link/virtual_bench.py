"""Bench of the virtual board: moves bytes between a pseudo-terminal and the streams of the link.

The clock stands still while there is nothing to do: no byte from the host, and an answer to every
frame of his.
"""

import os
import select
import signal
import socket

import cocotb

from firstspike.hdl.link.uart import LINE_SPACING
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

    def read(self, wait: bool) -> bytes | None:
        """What the host has sent, empty for nothing; None if the end has come."""
        control = self._control.fileno()
        readable, _, _ = select.select([self._file, control], [], [], None if wait else 0)
        if control in readable:
            return None
        return os.read(self._file, PIECE) if readable else b""

    def write(self, content: bytes) -> None:
        """Send to the host what he takes; the rest waits."""
        self._unsent += content
        try:
            self._unsent = self._unsent[os.write(self._file, self._unsent) :]
        except BlockingIOError:
            return

    @property
    def waits(self) -> bool:
        """Whether there is more to send than the host has taken."""
        return bool(self._unsent)


class Traffic:
    """Knows whether something is under way: frames from the host without an answer."""

    def __init__(self) -> None:
        self._asked = self._answered = 0
        self._begun = False
        self._quiet = 0

    def came(self, content: bytes) -> None:
        """Bytes from the host."""
        for byte in content:
            if byte == 0:
                self._asked += self._begun
            self._begun = byte != 0
        self._quiet = 0

    def went(self, content: bytes) -> None:
        """Bytes to him."""
        self._answered += content.count(0)
        self._quiet = 0

    def passed(self, cycles: int) -> None:
        """So many cycles without a byte from him."""
        self._quiet += cycles

    @property
    def at_rest(self) -> bool:
        """Whether all is answered."""
        return self._answered >= self._asked or self._quiet > PATIENCE


@cocotb.test()
async def virtual(dut: Dut) -> None:
    """Be a board until the control socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who has started us
    control = socket.socket(socket.AF_UNIX)
    control.connect(given(bytes))
    terminal, traffic = Terminal(control), Traffic()
    domain = ClockDomain(dut)
    line = ByteLine(dut, domain)
    dut.show.value = 0
    await domain.start()
    line.start()
    while (content := terminal.read(traffic.at_rest and not terminal.waits)) is not None:
        if content:
            traffic.came(content)
            await line.send(content, LINE_SPACING)
        else:
            await domain.after_rising()
            await domain.cycles(STEP)
            traffic.passed(STEP)
        if sent := bytes(line.arrived.content):
            line.arrived.content.clear()
            line.arrived.cycles.clear()
            traffic.went(sent)
        terminal.write(sent)
