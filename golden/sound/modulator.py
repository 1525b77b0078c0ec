# SPDX-License-Identifier: BSD-2-Clause
"""A model of a PDM microphone: a sigma-delta modulator of the second order, in integers."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def modulated(x: np.ndarray, ratio: int, scale: int) -> np.ndarray:
    """Return the bits uint8 [n * ratio] of samples x, int64 [n], whose full scale is 2^scale.

    The modulator is v = sign(u + 2 e1 - e2), where u is the input, e the error of a bit, and e1,
    e2 are those of the two bits before. It is stable while |u| is below half of full scale.
    """
    bits = np.empty(len(x) * ratio, np.uint8)
    full = ratio << scale
    e1 = e2 = before = np.int64(0)
    for n in range(len(x)):
        for j in range(ratio):
            u = before * (ratio - j) + x[n] * j
            y = u + 2 * e1 - e2
            v = full if y >= 0 else -full
            e2, e1 = e1, y - v
            bits[n * ratio + j] = y >= 0
        before = x[n]
    return bits
