# SPDX-License-Identifier: BSD-2-Clause
"""Compiled inner loops of training: spike times of a layer, their exact gradients, and Adam.

All times are z = exp(t). A layer maps z_in [n, n_in] to z_out [n, n_out] through weights
W [n_in, n_out] (threshold 1); inf stands for silent. tests/support/feedforward.py is the
readable reference, to which the tests hold these loops equal.
"""

import numpy as np

from firstspike.golden.system.kernels import njit

# Reassociation allows vectorised sums; full fast-math would break comparisons with inf.
_FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, fastmath=_FAST)
def spike_times(z_in, order, W, horizon, threshold=1):
    """Find the first spike of every neuron before `horizon`: A / (B - 1) over the causal set.

    order [n, n_in] sorts z_in (numpy's sort is several times faster than numba's). Returns three
    arrays [n, n_out]: z_out (inf if silent), slope = B - 1 at the spike (at the horizon if silent)
    and potential = M(horizon) of silent neurons (0 for those that fired). A `threshold` in the unit
    of W replaces 1.
    """
    n_out = W.shape[1]
    z_out = np.full((len(z_in), n_out), np.inf, W.dtype)
    slope, potential = np.empty_like(z_out), np.zeros_like(z_out)
    A = np.empty(n_out, W.dtype)
    B = np.empty(n_out, W.dtype)
    for image in range(z_in.shape[0]):
        z_image = z_in[image]
        A[:] = 0
        B[:] = -threshold
        silent = n_out
        for k in range(z_image.size):
            z = z_image[order[image, k]]
            if z >= horizon:
                break
            w = W[order[image, k]]
            for o in range(n_out):
                B[o] += w[o]
                A[o] += w[o] * z
            following = horizon
            if k + 1 < z_image.size:
                following = min(horizon, z_image[order[image, k + 1]])
            if following == z:
                continue
            for o in range(n_out):
                # M crosses zero only upwards here, so B > 0 at a crossing
                if following * B[o] - A[o] >= 0 and z_out[image, o] == np.inf:
                    z_out[image, o] = A[o] / B[o]
                    slope[image, o] = B[o]
                    silent -= 1
            if silent == 0:
                break
        if silent > 0:
            for o in range(n_out):
                if z_out[image, o] == np.inf:
                    slope[image, o] = B[o]
                    potential[image, o] = horizon * B[o] - A[o]
    return z_out, slope, potential


@njit(cache=True, fastmath=_FAST | {"nnan"})
def _four_inputs(w0, w1, w2, w3, d0, d1, d2, d3, B, M, highest):
    """Add four rows of weights to B and M, with the time d after each; `highest` M of the four."""
    for o in range(B.size):
        b0 = B[o] + w0[o]
        b1 = b0 + w1[o]
        b2 = b1 + w2[o]
        b3 = b2 + w3[o]
        m0 = M[o] + b0 * d0
        m1 = m0 + b1 * d1
        m2 = m1 + b2 * d2
        m3 = m2 + b3 * d3
        B[o] = b3
        M[o] = m3
        first = m0 if m0 > m1 else m1
        last = m2 if m2 > m3 else m3
        highest[o] = first if first > last else last


@njit(cache=True, fastmath=_FAST)
def wide_spike_times(z_in, order, W, horizon, threshold=1):
    """Return the results of `spike_times`, faster for many neurons: each input updates B - 1 and M.

    The loop adds four inputs at a time, and only if a neuron's M reached 0 among them it searches
    that neuron backwards for the spike.
    """
    n_in, n_out = W.shape
    z_out = np.full((len(z_in), n_out), np.inf, W.dtype)
    slope, potential = np.empty_like(z_out), np.empty_like(z_out)
    B, M, highest = np.empty(n_out, W.dtype), np.empty(n_out, W.dtype), np.empty(n_out, W.dtype)
    nothing = np.zeros(n_out, W.dtype)  # weights of inputs beyond the last
    z = np.empty(n_in + 5, W.dtype)
    for image in range(z_in.shape[0]):
        inputs = order[image]
        z[:] = horizon
        arrived = 0
        while arrived < n_in and z_in[image, inputs[arrived]] < horizon:
            z[arrived] = z_in[image, inputs[arrived]]
            arrived += 1
        B[:] = -threshold
        M[:] = -threshold * z[0]
        silent = n_out
        for k in range(0, arrived, 4):
            w0 = W[inputs[k]]
            w1 = W[inputs[k + 1]] if k + 1 < arrived else nothing
            w2 = W[inputs[k + 2]] if k + 2 < arrived else nothing
            w3 = W[inputs[k + 3]] if k + 3 < arrived else nothing
            d0, d1, d2 = z[k + 1] - z[k], z[k + 2] - z[k + 1], z[k + 3] - z[k + 2]
            d3 = z[k + 4] - z[k + 3]
            _four_inputs(w0, w1, w2, w3, d0, d1, d2, d3, B, M, highest)
            for o in range(n_out):
                if highest[o] >= 0:
                    b, m = B[o], M[o]
                    at = -1
                    for j in range(min(k + 4, arrived) - 1, k - 1, -1):
                        if m >= 0 and b > 0:
                            at, slope[image, o], potential[image, o] = j, b, m
                        m -= b * (z[j + 1] - z[j])
                        b -= W[inputs[j], o]
                    if at >= 0:
                        over = potential[image, o] / slope[image, o]
                        z_out[image, o] = z[at + 1] - over
                        M[o] = -np.inf  # the neuron has spiked and is ignored from here on
                        silent -= 1
            if silent == 0:
                break
        for o in range(n_out):
            potential[image, o] = 0
            if z_out[image, o] == np.inf:
                slope[image, o] = B[o]
                potential[image, o] = M[o]
    return z_out, slope, potential


@njit(cache=True, fastmath=_FAST)
def gradients(z_in, W, z_end, e, dW, dz_in):
    """Add the exact gradients of a layer, with e [n, n_out] = (dL/dz_out) / (B - 1).

    dL/dw_p += e (z_p - z_end) and dL/dz_p = sum over neurons of e w_p, both over inputs p with
    z_p < z_end; z_end [n, n_out] is the spike time, or the horizon if a neuron is silent.
    """
    n_out = W.shape[1]
    for image in range(z_in.shape[0]):
        latest = z_end[image].max()
        for p in range(z_in.shape[1]):
            z = z_in[image, p]
            total = W.dtype.type(0)
            if z < latest:
                for o in range(n_out):
                    before = z - z_end[image, o]
                    if before < 0:
                        dW[p, o] += e[image, o] * before
                        total += e[image, o] * W[p, o]
            dz_in[image, p] = total


@njit(cache=True, fastmath=_FAST)
def adam(W, dW, mean, square, rate, step, decay):
    """Apply one step of Adam (Kingma and Ba, 2015) with decoupled weight decay, in place."""
    beta1, beta2 = np.float32(0.9), np.float32(0.999)
    scale1 = np.float32(1 / (1 - 0.9**step))
    scale2 = np.float32(1 / (1 - 0.999**step))
    rate, decay, epsilon = np.float32(rate), np.float32(decay), np.float32(1e-8)
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            g = dW[i, j]
            mean[i, j] = beta1 * mean[i, j] + (1 - beta1) * g
            square[i, j] = beta2 * square[i, j] + (1 - beta2) * g * g
            moment = mean[i, j] * scale1 / (np.sqrt(square[i, j] * scale2) + epsilon)
            W[i, j] -= rate * (moment + decay * W[i, j])
