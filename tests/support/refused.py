# SPDX-License-Identifier: BSD-2-Clause
"""Blocks that refuse their parameters."""

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from amaranth.hdl import Fragment, Module, UnusedElaboratable


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


@contextmanager
def nothing_unused() -> Iterator[None]:
    """Fails if a block is made inside that nothing uses: Amaranth warns of it when it goes."""
    Fragment.get(Module(), None)  # Amaranth warns only in a process that has used a block
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UnusedElaboratable)
        yield
        gc.collect()
    assert [str(one.message) for one in caught] == []
