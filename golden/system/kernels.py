# SPDX-License-Identifier: BSD-2-Clause
"""The decorator of compiled functions, which announces compilations. Importing it is slow."""

from typing import Any

from numba import njit
from numba.core import event

from .compilation import announce_compilation

__all__ = ["njit"]


class _Compilations(event.Listener):
    """Listens to numba, which triggers an event if a function is not in its cache."""

    announced = False

    def on_start(self, one: Any) -> None:
        """Announce the first compilation of a function of the package."""
        module = one.data["dispatcher"].py_func.__module__
        if not self.announced and module.startswith("firstspike."):
            self.announced = True
            announce_compilation("compiling numerical code", "up to half a minute")

    def on_end(self, one: Any) -> None:
        """Do nothing; numba requires the method."""


COMPILATIONS = _Compilations()
"""The listener of this process."""

event.register("numba:compile", COMPILATIONS)
