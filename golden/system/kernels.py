# SPDX-License-Identifier: BSD-2-Clause
"""The decorator of compiled functions, which announces a long compilation. Importing it is slow."""

import time
from typing import Any

from numba import njit
from numba.core import event

from .compilation import announce_compilation

__all__ = ["njit"]

_PATIENCE = 0.5  # seconds of compilations that are not announced


class _Compilations(event.Listener):
    """Listens to numba, which triggers an event if a function is not in its cache."""

    def __init__(self) -> None:
        self.depth, self.began, self.seconds, self.announced = 0, 0.0, 0.0, False

    def on_start(self, one: Any) -> None:
        """Announce the compilation of the package's functions, if it takes long."""
        if not self.depth:  # compilations are nested: callees are compiled, too
            if not one.data["dispatcher"].py_func.__module__.startswith("firstspike."):
                return
            self.began = time.monotonic()
        self.depth += 1
        if not self.announced and self._spent() >= _PATIENCE:
            self.announced = True
            announce_compilation("compiling numerical code", "up to half a minute")

    def on_end(self, one: Any) -> None:
        """Count the seconds of complete compilations."""
        if self.depth == 1:
            self.seconds = self._spent()
        self.depth = max(0, self.depth - 1)

    def _spent(self) -> float:
        return self.seconds + time.monotonic() - self.began


COMPILATIONS = _Compilations()
"""The listener of this process."""

event.register("numba:compile", COMPILATIONS)
