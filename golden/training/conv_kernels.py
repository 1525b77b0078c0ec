# SPDX-License-Identifier: BSD-2-Clause
"""Compiled inner loops of a convolving layer: spike times, and their exact gradients.

The notation is that of `kernels` for dense layers: times are z = exp(t), the threshold is 1, inf is
silent. Threads share the images in `_PARTS` fixed parts, so results do not depend on the machine.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.system.kernels import njit

_FAST = {"reassoc", "contract", "nsz"}
_PARTS = 4
_BINS = 512  # bins for sorting spikes by time; each has few


def conv_times(
    layer: Convolution, z_in: np.ndarray, W: np.ndarray, horizon: np.floating[Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the first spike of every neuron before `horizon`.

    z_in: float32 [n, n_in]; W: float32 [maps * taps, filters]. Returns z_out, slope and potential,
    float32 [n, n_out], as `spike_times` does.
    """
    shape = len(z_in), layer.n_out
    z_out, slope, potential = (np.empty(shape, np.float32) for _ in range(3))

    def run(part: slice) -> None:
        out = z_out[part], slope[part], potential[part]
        _times(z_in[part], W, *layer.geometry.touched, horizon, *out)

    _in_parts(run, len(z_in))
    return z_out, slope, potential


def conv_gradients(
    layer: Convolution, z_in: np.ndarray, W: np.ndarray, z_end: np.ndarray, e: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return dL/dW and dL/dz_in of a layer, with e [n, n_out] = (dL/dz_out) / (B - 1).

    The gradient of a weight is the sum over the positions that share it.
    """
    dz_in = np.empty_like(z_in)

    def run(part: slice) -> np.ndarray:
        dW = np.zeros_like(W)
        _gradients(z_in[part], W, *layer.geometry.touched, z_end[part], e[part], dW, dz_in[part])
        return dW

    return np.sum(_in_parts(run, len(z_in)), axis=0), dz_in


def _in_parts(run: Callable[[slice], Any], n: int) -> list[Any]:
    marks = [n * part // _PARTS for part in range(_PARTS + 1)]
    return list(_threads().map(run, map(slice, marks, marks[1:])))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(_PARTS, os.cpu_count() or 1))


# A division by zero returns inf and is not an error.
@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _times(z_in, W, first, position, tap, horizon, z_out, slope, potential):
    n, n_in = z_in.shape
    rows, filters = W.shape
    map_size = len(first) - 1
    taps = rows // (n_in // map_size)
    positions = z_out.shape[1] // filters
    A = np.empty((positions, filters), W.dtype)
    B = np.empty((positions, filters), W.dtype)
    silent = np.empty((positions, filters), W.dtype)  # 1 until the neuron has fired, then 0
    order = np.empty(n_in, np.int64)
    for image in range(n):
        z_image = z_in[image]
        A[:] = 0
        B[:] = -1
        silent[:] = 1
        for at in order[: _by_time(z_image, horizon, order)]:
            z = z_image[at]
            index, channel = at % map_size, at // map_size
            for entry in range(first[index], first[index + 1]):
                p = position[entry]
                w = W[channel * taps + tap[entry]]
                A_p, B_p, silent_p = A[p], B[p], silent[p]
                for f in range(filters):
                    still = silent_p[f] if z * B_p[f] - A_p[f] < 0 else W.dtype.type(0)
                    silent_p[f] = still
                    B_p[f] += still * w[f]
                    A_p[f] += still * w[f] * z
        for f in range(filters):
            for p in range(positions):
                neuron = f * positions + p
                over = horizon * B[p, f] - A[p, f]
                slope[image, neuron] = B[p, f]
                if silent[p, f] == 0 or over > 0:
                    z_out[image, neuron] = A[p, f] / B[p, f]
                    potential[image, neuron] = 0
                else:
                    z_out[image, neuron] = np.inf
                    potential[image, neuron] = over


@njit(cache=True, nogil=True)
def _by_time(z, horizon, order):
    """Fill `order` with the inputs that spike before `horizon`, by time; return their number."""
    counts = np.zeros(_BINS + 1, np.int64)
    scale = _BINS / horizon
    for at in range(z.size):
        if z[at] < horizon:
            counts[min(_BINS - 1, int(z[at] * scale)) + 1] += 1
    for b in range(_BINS):
        counts[b + 1] += counts[b]
    total = counts[_BINS]
    for at in range(z.size):
        if z[at] < horizon:
            b = min(_BINS - 1, int(z[at] * scale))
            order[counts[b]] = at
            counts[b] += 1
    for k in range(1, total):  # nearly sorted: only items of the same bin are out of order
        at = order[k]
        j = k
        while j > 0 and z[order[j - 1]] > z[at]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = at
    return total


@njit(cache=True, nogil=True, fastmath=_FAST)
def _gradients(z_in, W, first, position, tap, z_end, e, dW, dz_in):
    n, n_in = z_in.shape
    rows, filters = W.shape
    map_size = len(first) - 1
    taps = rows // (n_in // map_size)
    positions = z_end.shape[1] // filters
    z_of = np.empty((positions, filters), W.dtype)
    e_of = np.empty((positions, filters), W.dtype)
    for image in range(n):
        for f in range(filters):
            for p in range(positions):
                z_of[p, f] = z_end[image, f * positions + p]
                e_of[p, f] = e[image, f * positions + p]
        latest = z_of.max()
        for at in range(n_in):
            z = z_in[image, at]
            total = W.dtype.type(0)
            if z < latest:
                index, channel = at % map_size, at // map_size
                for entry in range(first[index], first[index + 1]):
                    p, row = position[entry], channel * taps + tap[entry]
                    w, g, e_p, z_p = W[row], dW[row], e_of[p], z_of[p]
                    for f in range(filters):
                        before = min(z - z_p[f], W.dtype.type(0))
                        g[f] += e_p[f] * before
                        total += e_p[f] * w[f] if before < 0 else W.dtype.type(0)
            dz_in[image, at] = total
