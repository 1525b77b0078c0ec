# SPDX-License-Identifier: BSD-2-Clause
"""Computes the levels of the filters, sample by sample (DESIGN, section 6)."""

import numpy as np

from firstspike.golden.system.kernels import njit

from .filters import FRACTION, LEVEL_FRACTION, MOST_LEVEL


@njit(cache=True, nogil=True)
def levels_of(x: np.ndarray, filters: np.ndarray, slot: int) -> np.ndarray:
    """Return the level of each filter in each slot, uint8 [n // slot, filters].

    `x`: int16 [n], the samples. `filters`: int64 [filters, 5], the fields of `Filter`. All states
    start at 0.
    """
    slots = len(x) // slot
    levels = np.zeros((slots, len(filters)), np.uint8)
    half = 1 << FRACTION - 1
    for b in range(len(filters)):
        a1, a2, up, down, gain = filters[b]
        x1 = x2 = y1 = y2 = z1 = z2 = np.int64(0)
        for k in range(slots):
            E = np.int64(0)
            for n in range(k * slot, (k + 1) * slot):
                x0 = np.int64(x[n])
                y0 = ((x0 - x2) << up) + ((a1 * y1 + a2 * y2 + half) >> FRACTION)
                z0 = ((y0 - y2) >> down) + ((a1 * z1 + a2 * z2 + half) >> FRACTION)
                x2, x1 = x1, x0
                y2, y1 = y1, y0
                z2, z1 = z1, z0
                E += abs(z0)
            levels[k, b] = min(max(log2(E) + gain, 0), MOST_LEVEL)
    return levels


@njit(cache=True, nogil=True)
def log2(E: int) -> int:
    """Return 2^`LEVEL_FRACTION` times the logarithm of E to base 2, linear between powers of two.

    With the highest 1 of E at bit index e, the result is 8 e plus the three bits below that 1. The
    logarithm of 0 is 0.
    """
    if E == 0:
        return 0
    e = 0
    while E >> e > 1:
        e += 1
    return (e << LEVEL_FRACTION) + (((E - (1 << e)) << LEVEL_FRACTION) >> e)
