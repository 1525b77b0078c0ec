"""Compiled inner loops of training: spike times of a layer, their exact gradients, and Adam.

All times are z = exp(t). A layer maps z_in [n, n_in] to z_out [n, n_out] through weights
W [n_in, n_out] (threshold 1); inf stands for silent. tests/support/feedforward.py is the
readable reference, to which the tests hold these loops equal.
"""

import numpy as np
from numba import njit

# Reassociation lets sums vectorise; full fast-math would break comparisons with inf.
_FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, fastmath=_FAST)
def spike_times(z_in, order, W, horizon, z_out, slope, potential):
    """First spike of every neuron before `horizon`, z_out = A / (B - 1) over the causal set.

    order [n, n_in] sorts z_in (numpy's sort is several times faster than numba's). Fills, all
    [n, n_out]: z_out (inf if silent), slope = B - 1 at the spike (at the horizon if silent) and
    potential = M(horizon) of silent neurons (0 of those that fired).
    """
    n_out = W.shape[1]
    A = np.empty(n_out, W.dtype)
    B = np.empty(n_out, W.dtype)
    for image in range(z_in.shape[0]):
        z_image = z_in[image]
        A[:] = 0
        B[:] = -1
        z_out[image] = np.inf
        potential[image] = 0
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
                # M only crosses zero upwards here, so B > 0 whenever it has
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


@njit(cache=True, fastmath=_FAST)
def gradients(z_in, W, z_end, e, dW, dz_in):
    """Add the exact gradients of a layer, with e [n, n_out] = (dL/dz_out) / (B - 1).

    dL/dw_p += e (z_p - z_end) and dL/dz_p = sum over neurons of e w_p, both over inputs p with
    z_p < z_end; z_end [n, n_out] is the spike, or the horizon where a neuron is silent.
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
    """One step of Adam (Kingma and Ba, 2015) with decoupled weight decay, in place."""
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
