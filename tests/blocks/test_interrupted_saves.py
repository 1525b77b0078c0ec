# SPDX-License-Identifier: BSD-2-Clause
"""Saves of taught words that a loss of power interrupts."""

import pytest

from docs.measurements.interrupted_saves import (
    NEW,
    OLD,
    REFUSED,
    TRAINED,
    interrupted_saves,
)
from tests.blocks.test_saving_core import Home


@pytest.mark.long
def test_no_interrupted_save_leaves_half_written_weights(seed):
    count = 100
    counts = interrupted_saves(Home(), count, seed)
    assert sum(counts["S"].values()) == sum(counts["F"].values()) == count
    assert counts["S"][TRAINED]
    assert counts["S"][OLD] + counts["S"][NEW]
    assert counts["F"][OLD]
    assert counts["F"][TRAINED]
    assert not counts["S"][REFUSED] + counts["F"][REFUSED]
