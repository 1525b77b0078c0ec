# SPDX-License-Identifier: BSD-2-Clause
"""The serial port of a simulated board: a pseudo-terminal between other programs and a bench.

    program <-> pseudo-terminal <-> bench of the simulation

The simulation is a separate process. It receives this end of the terminal over a socket, and ends
at the latest when the socket is closed.
"""

import os
import select
import signal
import socket
import tty
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Self

from .runner import SimulationError

LOOK = 0.2
"""Seconds between two looks at whether the simulation is still there."""

PIECE = 64
"""Bytes from the program, at most, that the bench reads at once."""


class VirtualPort:
    """A port that is there as long as the `with` block; `port` is its name.

    Parameters: `run` runs the simulation. It gets the address of which the bench makes a Terminal.
    Raises what `run` raises, and SimulationError for a bench that makes none.
    """

    def __init__(self, run: Callable[[bytes], object]) -> None:
        self._run = run
        self._thread = Thread(target=self._running, daemon=True)
        # Waited for instead of the thread: where Ctrl-C interrupts `Thread.join`, Python 3.11 and
        # 3.12 take the thread for ended, and the simulation's folder would stay behind.
        self._ended = Event()
        self._error: Exception | None = None
        self._socket = socket.socket(socket.AF_UNIX)  # first it listens, then it is the connection
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)  # else what we send would come back as an echo
        self.port = os.ttyname(self._theirs)

    def __enter__(self) -> Self:
        try:
            with self._socket as listener:
                listener.bind("")  # Linux invents a name: a path might be too long
                listener.listen()
                listener.settimeout(LOOK)
                self._address = listener.getsockname()
                self._thread.start()
                self._socket = self._accept(listener)
            socket.send_fds(self._socket, [b"\0"], [self._ours])
        except BaseException:
            self.__exit__()
            raise
        return self

    def _accept(self, listener: socket.socket) -> socket.socket:
        while True:
            try:
                return listener.accept()[0]
            except TimeoutError:
                if self._ended.is_set():
                    raise self._error or SimulationError("the virtual board ended early.") from None

    def wait(self) -> None:
        """Wait for the end of the simulation. Raises the error of the simulation."""
        while not self._ended.wait(LOOK):
            pass  # a signal that the system gives to the other thread would not end a wait
        if self._error is not None:
            raise self._error

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        if self._thread.ident is not None:
            self._ended.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def _running(self) -> None:
        try:
            self._run(self._address)
        except Exception as error:
            self._error = error
        finally:
            self._ended.set()


class Terminal:
    """The bench's end of the pseudo-terminal, and the socket whose end closes the terminal.

    Parameters: `address`, which the bench was given. The bench ignores Ctrl-C from then on: that is
    meant for the program that has started it.
    """

    def __init__(self, address: bytes) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._control = socket.socket(socket.AF_UNIX)
        self._control.connect(address)
        _, (self._file,), _, _ = socket.recv_fds(self._control, 1, 1)
        self._unsent = b""
        os.set_blocking(self._file, False)

    def read(self, idle: bool = False) -> bytes | None:
        """Return what the program has sent, maybe nothing; None at the end.

        If the board is `idle` it waits for the program, unless that has not taken all answers.
        """
        control = self._control.fileno()
        patience = None if idle and not self._unsent else 0
        readable, _, _ = select.select([self._file, control], [], [], patience)
        if control in readable:
            return None
        return os.read(self._file, PIECE) if readable else b""

    def write(self, content: bytes) -> None:
        """Send to the program what it takes; the rest waits."""
        self._unsent += content
        with suppress(BlockingIOError):
            self._unsent = self._unsent[os.write(self._file, self._unsent) :]
