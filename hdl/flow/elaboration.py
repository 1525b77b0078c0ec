# SPDX-License-Identifier: BSD-2-Clause
"""Lets Amaranth elaborate a design without a search for garbage."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.hdl import UnusedElaboratable


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python look for garbage only afterwards.

    A design is a great many objects, all of them in use to its end: to look for garbage among them,
    again and again, takes as long as making them.

    A design that is interrupted has blocks that were not used yet: Amaranth does not warn of them.
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
