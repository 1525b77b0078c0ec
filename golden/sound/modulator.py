# SPDX-License-Identifier: BSD-2-Clause
"""A model of a PDM microphone: a second-order sigma-delta modulator with integers."""

import numpy as np

from firstspike.golden.system.kernels import njit


@njit(cache=True, nogil=True)
def modulated(x: np.ndarray, every: int, ratio: int, scale: int) -> np.ndarray:
    """Return bits uint8 [n // every * ratio] for numbers x, int64 [n], of full scale 2^scale.

    `every` numbers become `ratio` bits, with linear interpolation; the last number is held.

    The modulator is v = sign(u + 2 e1 - e2), where u is the input, e the error of a bit, and e1, e2
    are the errors of the two previous bits. It is stable while |u| is below half of full scale.
    """
    bits = np.empty(len(x) // every * ratio, np.uint8)
    full = ratio << scale
    e1 = e2 = np.int64(0)
    for number in range(len(bits)):
        at, part = divmod(number * every, ratio)
        u = x[at] * (ratio - part) + x[min(at + 1, len(x) - 1)] * part
        y = u + 2 * e1 - e2
        v = full if y >= 0 else -full
        e2, e1 = e1, y - v
        bits[number] = y >= 0
    return bits
