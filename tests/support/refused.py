# SPDX-License-Identifier: BSD-2-Clause
"""Blocks that refuse their parameters."""

import gc
import warnings
from collections.abc import Callable

import pytest
from amaranth.hdl import UnusedElaboratable


def refused(make: Callable[[], object], said: str, error: type[Exception] = ValueError) -> None:
    """A block cannot be made, for the reason `said`, a pattern.

    Amaranth warns of an object that was never used when it goes, and one that has refused its
    parameters is such. So it goes here, where nobody wants to know.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        with pytest.raises(error, match=said):
            make()
        gc.collect()
