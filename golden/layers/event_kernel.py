# SPDX-License-Identifier: BSD-2-Clause
"""Computes a layer of the integer model from event to event: a fast version of `integer.run_layer`.

Between two events M is linear in the tick, so one division, ceil(-M / S), finds the crossing. The
tests check that the result equals that of `run_layer` to the bit.
"""

import numpy as np

from firstspike.golden.system.kernels import njit


@njit(cache=True, nogil=True)
def layer_by_events(
    weights: np.ndarray, threshold: int, spikes: np.ndarray, deadline: int, max_spikes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Run many images through one layer.

    `weights`: int32 [n_in, n_out]; `spikes`: int32 [n, n_in, spikes of an input], 0 for none.
    Returns the spike ticks int32 [n, n_out, max_spikes], and M int64 [n, n_out] at the first spike
    or at the deadline.
    """
    n = spikes.shape[0]
    n_out = weights.shape[1]
    out = np.zeros((n, n_out, max_spikes), np.int32)
    M_first = np.zeros((n, n_out), np.int64)
    S = np.empty(n_out, np.int64)
    M = np.empty(n_out, np.int64)
    fired = np.empty(n_out, np.int64)
    for image in range(n):
        S[:] = -threshold
        M[:] = 0
        fired[:] = 0
        ticks, rows = _in_order(spikes[image])
        now = 0
        event = 0
        while now < deadline:
            then = ticks[event] if event < len(ticks) else deadline
            for j in range(n_out):
                # M only: with max_spikes > 1 a later spike needs more, and `_fire` searches it.
                if M[j] + S[j] * (then - now) >= 0 and fired[j] < max_spikes:
                    fired[j] = _fire(
                        out[image, j], M_first[image], j, fired[j], S[j], M[j], threshold, now, then
                    )
            for j in range(n_out):
                M[j] += S[j] * (then - now)
            now = then
            while event < len(ticks) and ticks[event] == now:
                row = weights[rows[event]]
                for j in range(n_out):
                    S[j] += row[j]
                event += 1
        for j in range(n_out):
            if fired[j] == 0:
                M_first[image, j] = M[j]
    return out, M_first


@njit(cache=True, nogil=True)
def _fire(out, M_first, j, fired, S, M, threshold, now, then):
    """Store neuron j's spikes at ticks now + 1 .. then; return its number of spikes so far."""
    z = now
    while fired < len(out):
        # Potential and slope for the next spike, M_L(z) = z (B - L threshold) - A
        M_L = M + S * (z - now) - fired * threshold * z
        S_L = S - fired * threshold
        if M_L < 0:
            if S_L <= 0:
                break
            z += -(M_L // S_L)
            if z > then:
                break
        if fired == 0:
            M_first[j] = M + S * (z - now)
        out[fired] = z
        fired += 1
    return fired


@njit(cache=True, nogil=True)
def _in_order(spikes):
    """Return ticks and rows of one image's spikes [n_in, per input], sorted by tick."""
    flat = spikes.copy().ravel()
    indices = np.flatnonzero(flat)
    order = indices[np.argsort(flat[indices], kind="mergesort")]
    return flat[order], order // spikes.shape[1]
