# SPDX-License-Identifier: BSD-2-Clause
"""Lets Amaranth elaborate a design without a search for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python look for garbage only afterwards.

    A design is a great many objects, all of them in use to its end: to look for garbage among them,
    again and again, takes as long as making them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
