# SPDX-License-Identifier: BSD-2-Clause
"""Elaboration of a design without garbage collection."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.hdl import UnusedElaboratable


@contextmanager
def uncollected() -> Iterator[None]:
    """Disable the garbage collector of Python inside of the context.

    A design consists of many objects, which are all used until its end. Repeated garbage collection
    would take as long as the elaboration.

    If the context is left by an exception, warnings of Amaranth about unused blocks are suppressed.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    except BaseException:
        warnings.simplefilter("ignore", UnusedElaboratable)
        raise
    finally:
        if enabled:
            gc.enable()
