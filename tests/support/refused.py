# SPDX-License-Identifier: BSD-2-Clause
"""Blocks that refuse their parameters."""

from collections.abc import Callable

import pytest


def refused(make: Callable[[], object], said: str, error: type[Exception] = ValueError) -> None:
    """A block cannot be made, for the reason `said`, a pattern."""
    with pytest.raises(error, match=said):
        make()
