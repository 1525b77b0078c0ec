# SPDX-License-Identifier: BSD-2-Clause
"""Computes a convolving layer of the integer model from spike to spike: a fast form of `run_layer`.

Between the spikes that reach a neuron, M(z) = S z - A is linear, so one division, ceil(A / S),
finds the crossing. The tests check that the result equals that of `run_layer` to the bit.
"""

import numpy as np

from firstspike.golden.system.kernels import njit

from .geometry import Touched


def convolved_by_events(
    weights: np.ndarray,
    threshold: int,
    spikes: np.ndarray,
    deadline: int,
    touched: Touched,
    positions: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Run many images through the layer.

    `weights`: int32 [maps * taps, filters]; `spikes`: int32 [n, n_in], 0 for none. Returns the
    spike ticks int32 [n, filters * positions], 0 for none, and M int64 at the spike or at the
    deadline.
    """
    order = np.argsort(spikes, axis=1, kind="stable")
    return _convolved(weights, threshold, spikes, order, deadline, *touched, positions)


@njit(cache=True, nogil=True)
def _convolved(weights, threshold, spikes, order, deadline, first, position, tap, positions):
    n, n_in = spikes.shape
    rows, filters = weights.shape
    map_size = len(first) - 1
    taps = rows // (n_in // map_size)
    ticks = np.zeros((n, filters * positions), np.int32)
    M = np.zeros((n, filters * positions), np.int64)
    S = np.empty((positions, filters), np.int64)
    A = np.empty((positions, filters), np.int64)
    fired = np.empty((positions, filters), np.int32)
    for image in range(n):
        S[:] = -threshold
        A[:] = 0
        fired[:] = 0
        for at in order[image]:
            z = spikes[image, at]
            if z == 0:
                continue
            index, channel = at % map_size, at // map_size
            for entry in range(first[index], first[index + 1]):
                p, row = position[entry], channel * taps + tap[entry]
                for f in range(filters):
                    if fired[p, f] == 0:
                        if S[p, f] * z - A[p, f] >= 0:
                            fired[p, f] = -(-A[p, f] // S[p, f])
                        else:
                            S[p, f] += weights[row, f]
                            A[p, f] += weights[row, f] * np.int64(z)
        for p in range(positions):
            for f in range(filters):
                neuron = f * positions + p
                if fired[p, f] == 0 and S[p, f] * deadline - A[p, f] >= 0:
                    fired[p, f] = -(-A[p, f] // S[p, f])
                z = fired[p, f] if fired[p, f] else deadline
                ticks[image, neuron] = fired[p, f]
                M[image, neuron] = S[p, f] * z - A[p, f]
    return ticks, M
