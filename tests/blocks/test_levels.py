# SPDX-License-Identifier: BSD-2-Clause
"""The Levels: sums and logarithms against golden."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from firstspike.golden.sound.filters import LEVEL_FRACTION, MOST_LEVEL, STATE_BITS
from firstspike.golden.sound.levels import log2
from firstspike.hdl.sound.levels import Levels
from tests.support.listening import front_end
from tests.support.transfers import Stream, Transfers, check_transfers


@pytest.mark.parametrize(
    ("resonances", "slot"),
    [pytest.param((1000,), 16, marks=pytest.mark.long), ((300, 900, 2500), 19)],
)
def test_levels(resonances, slot, seed):
    """8 slots of random z, of any size, whose levels leave the range at both ends by 1 or more."""
    front = front_end(resonances, slot=slot)
    rng = np.random.default_rng(seed)
    gains = np.array([one.gain for one in front.filters])
    gains[-1] = -1
    gains[0] = MOST_LEVEL + 1 - log2(slot * ((1 << STATE_BITS - 1) - 1))
    filters = [one._replace(gain=int(gain)) for one, gain in zip(front.filters, gains, strict=True)]
    front = replace(front, filters=tuple(filters))
    sizes = 2 ** rng.integers(0, STATE_BITS, (8, 1, len(gains)))
    sizes[0] = 1  # sums of 0 and 1
    sizes[-1] = 1 << STATE_BITS - 1
    z = (rng.uniform(-1, 1, (8, front.slot, len(gains))) * sizes).astype(np.int64)
    z[1:-1, -1] = _to_bounds(np.abs(z[1:-1, :-1]).sum(axis=1), rng)
    z[-1, :, 0] = 1 - sizes[-1, :, 0]  # the largest sum
    sums = np.abs(z).sum(axis=1)
    exact = [[log2(E) for E in row] for row in sums] + gains
    assert exact.max() == MOST_LEVEL + 1
    levels = np.clip(exact, 0, MOST_LEVEL)
    transfers = Transfers(
        inputs=Stream("outputs", (z.ravel() & (1 << STATE_BITS) - 1).tolist()),
        outputs=Stream("levels", levels.ravel().tolist()),
        early=5,
        patience=2000,
        pace=(Levels.cycles(front), z.size),
    )
    check_transfers(Levels(front), transfers, seed)


example = partial(test_levels, (300, 900, 2500), 19, seed=1)


def _to_bounds(sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return z that bring sums of |z| to the least sum of a higher level, or to one below it."""
    bits = np.array([[int(E).bit_length() for E in row] for row in sums])
    step = 1 << np.maximum(bits - 1 - LEVEL_FRACTION, 0)
    missing = step - sums % step - rng.integers(0, 2, sums.shape)
    return np.minimum(missing, (1 << STATE_BITS - 1) - 1) * rng.choice((-1, 1), sums.shape)
