# SPDX-License-Identifier: BSD-2-Clause
"""Compiled loops of a layer whose inputs spike at the few times of an encoding.

The loops first sum inputs that spike together, so a layer costs an addition per weight. Columns of
weights are processed in blocks that fit into the cache. The notation is that of kernels.py; a
*group* is the inputs of one image that spike at one time.
"""

from typing import NamedTuple

import numpy as np

from firstspike.golden.system.kernels import njit

# Reassociation allows vectorised sums; full fast-math would break comparisons with inf.
_FAST = {"reassoc", "contract", "nsz"}
_COLUMNS = 160  # of a block: 784 rows of weights have 500 kB, which fit into a second-level cache
_ERRORS = 1 << 17  # of a block, 512 kB: as many images as fit, at least one


class Groups(NamedTuple):
    """Inputs of n images by the time of their spike, for `group_times` and `group_gradients`."""

    #: int32 [n, n_in]: inputs that spike, by time, then index; silent inputs are left out
    order: np.ndarray
    #: int32 [n, groups + 1]: begin of each group in `order`, and end of the last
    start: np.ndarray
    #: float32 [n, groups + 1]: its time, inf after the last group
    z: np.ndarray
    #: int32 [n]: number of groups per image
    n_groups: np.ndarray


@njit(cache=True)
def group(values, level, times):
    """Return the `Groups` of values int [n, n_in]; v spikes at times[level[v]].

    times [n_levels] are distinct and ascending; a level of n_levels is silent.
    """
    n, n_in = values.shape
    width = min(times.size, n_in) + 1
    order = np.empty((n, n_in), np.int32)
    start = np.zeros((n, width), np.int32)
    z = np.full((n, width), np.inf, np.float32)
    n_groups = np.zeros(n, np.int32)
    cursor = np.empty(times.size + 1, np.int32)
    for image in range(n):
        cursor[:] = 0
        for p in range(n_in):
            cursor[level[values[image, p]]] += 1
        end = groups = 0
        for k in range(times.size):
            size = cursor[k]
            cursor[k] = end
            end += size
            if size:
                z[image, groups] = times[k]
                groups += 1
                start[image, groups] = end
        n_groups[image] = groups
        for p in range(n_in):
            k = level[values[image, p]]
            if k < times.size:
                order[image, cursor[k]] = p
                cursor[k] += 1
    return Groups(order, start, z, n_groups)


@njit(cache=True, fastmath=_FAST)
def _add_rows(rows, which, out):
    """Add rows [., m] of indices `which` to out [m], four at a time: out is the bottleneck."""
    m = out.size
    unrolled = which.size - which.size % 4
    for k in range(0, unrolled, 4):
        a, b, c, d = rows[which[k]], rows[which[k + 1]], rows[which[k + 2]], rows[which[k + 3]]
        for o in range(m):
            out[o] += (a[o] + b[o]) + (c[o] + d[o])
    for k in range(unrolled, which.size):
        a = rows[which[k]]
        for o in range(m):
            out[o] += a[o]


@njit(cache=True, fastmath=_FAST)
def group_times(groups, W, horizon, threshold=1):
    """Return the results of `kernels.spike_times`, with the inputs as `Groups`."""
    order, start, z, n_groups = groups
    n_in, n_out = W.shape
    zero, one = W.dtype.type(0), W.dtype.type(1)  # integers would turn the sums into doubles
    level = W.dtype.type(threshold)
    z_out = np.empty((n_groups.size, n_out), W.dtype)
    slope, potential = np.empty_like(z_out), np.empty_like(z_out)
    for first in range(0, n_out, _COLUMNS):
        block = W[:, first : first + _COLUMNS].copy()
        m = block.shape[1]
        total = np.zeros(m, W.dtype)
        _add_rows(block, np.arange(n_in), total)
        A, B = np.empty(m, W.dtype), np.empty(m, W.dtype)
        S, waits = np.empty(m, W.dtype), np.empty(m, W.dtype)
        for image in range(n_groups.size):
            A[:] = 0
            B[:] = -threshold
            waits[:] = 1  # 1 until the neuron has fired; then its A and B are constant
            for k in range(n_groups[image]):
                if z[image, k] >= horizon:
                    break
                if start[image, k + 1] == n_in:
                    # If all inputs spike, the last group, often that of all dark pixels, gets the
                    # rest of the sum.
                    for o in range(m):
                        S[o] = total[o] - B[o] - level
                else:
                    S[:] = 0
                    _add_rows(block, order[image, start[image, k] : start[image, k + 1]], S)
                following = min(horizon, z[image, k + 1])
                silent = zero
                for o in range(m):
                    w = S[o] * waits[o]
                    B[o] += w
                    A[o] += w * z[image, k]
                    waits[o] = zero if following * B[o] - A[o] >= 0 else one
                    silent += waits[o]
                if silent == 0:
                    break
            for o in range(m):
                fired = waits[o] == 0
                z_out[image, first + o] = A[o] / B[o] if fired else np.inf
                slope[image, first + o] = B[o]
                potential[image, first + o] = zero if fired else horizon * B[o] - A[o]
    return z_out, slope, potential


@njit(cache=True, fastmath=_FAST)
def group_gradients(groups, z_end, e, dW):
    """Add dL/dW as `kernels.gradients` does, with the inputs as `Groups`; omit dL/dz_in.

    The inputs of a group have the same derivatives, which are computed once. If all inputs spike,
    every input gets those of the last group, and the inputs of other groups the difference.
    """
    order, start, z, n_groups = groups
    n, n_in = order.shape
    n_out = dW.shape[1]
    most = max(_ERRORS // _COLUMNS, n_groups.max() + 1)
    errors = np.empty((most, _COLUMNS), dW.dtype)
    which = np.empty((n_in, n), np.int32)
    n_spikes = np.empty(n_in, np.int32)
    zero = dW.dtype.type(0)  # an integer would turn the sums into doubles
    begin = 0
    while begin < n:
        # Fill `errors` with as many images as fit; `which` has the row of each spike, by input.
        n_spikes[:] = 0
        rows = 0
        end = begin
        while end < n and rows + n_groups[end] <= most:
            latest = z_end[end].max()
            for k in range(n_groups[end]):
                if z[end, k] < latest and start[end, k + 1] < n_in:
                    for p in order[end, start[end, k] : start[end, k + 1]]:
                        which[p, n_spikes[p]] = rows
                        n_spikes[p] += 1
                    rows += 1
            end += 1
        for first in range(0, n_out, _COLUMNS):
            m = min(_COLUMNS, n_out - first)
            base = np.zeros(m, dW.dtype)
            rest = np.empty(m, dW.dtype)
            row = 0
            for image in range(begin, end):
                z_image, e_image = z_end[image, first : first + m], e[image, first : first + m]
                latest = z_end[image].max()
                rest[:] = 0
                last = n_groups[image] - 1
                if last >= 0 and start[image, last + 1] == n_in:
                    for o in range(m):
                        rest[o] = e_image[o] * min(z[image, last] - z_image[o], zero)
                        base[o] += rest[o]
                    last -= 1
                for k in range(last + 1):
                    if z[image, k] >= latest:
                        break
                    error = errors[row]
                    for o in range(m):
                        error[o] = e_image[o] * min(z[image, k] - z_image[o], zero) - rest[o]
                    row += 1
            for p in range(n_in):
                out = dW[p, first : first + m]
                for o in range(m):
                    out[o] += base[o]
                _add_rows(errors, which[p, : n_spikes[p]], out)
        begin = end
