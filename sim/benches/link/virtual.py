# SPDX-License-Identifier: BSD-2-Clause
"""A virtual board: the simulated design behind a pseudo-terminal, speaking the bytes of the link.

    host program <-> pseudo-terminal <-> bench of the simulation <-> LinkedCore on Verilator

The simulation is a process of its own. It gets our end of the terminal over a socket, and runs
until that is closed. The other side of this file is `virtual_bench`.
"""

import os
import socket
import tty
from threading import Event, Thread
from typing import Self

from firstspike.sim.harness.runner import Simulation, SimulationError

from .script import LINKED_CORE_TOP

LOOK = 0.2
"""Seconds between two looks at whether the simulation is still there."""


class VirtualBoard:
    """A board that runs as long as the `with` block; `port` is the name of its serial port.

    Parameters: `verilog` of a LinkedCore, as of `linked_core_verilog`. Compiles it where it was not
    compiled before, which takes minutes with hundreds of lanes. Raises SimulationError.
    """

    def __init__(self, verilog: str) -> None:
        self._simulation = Simulation(verilog, LINKED_CORE_TOP)
        self._thread = Thread(target=self._run, daemon=True)
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
                    raise self._failure() from None

    def wait(self) -> None:
        """Wait until the simulation ends by itself, which it does only where it fails."""
        while not self._ended.wait(LOOK):
            pass  # a signal that the system gives to the other thread would not end a wait
        raise self._failure()

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        if self._thread.ident is not None:
            self._ended.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def _run(self) -> None:
        try:
            self._simulation.run("firstspike.sim.benches.link.virtual_bench", self._address)
        except Exception as error:
            self._error = error
        finally:
            self._ended.set()

    def _failure(self) -> Exception:
        return self._error or SimulationError("the virtual board has come to an end.")
