# SPDX-License-Identifier: BSD-2-Clause
"""Feed-forward networks of the floating-point neuron: spike times, and exact gradients.

Vectorised numpy over images and neurons, any number of layers, and the cross-entropy of the output
spike times. It is the readable reference of golden/training/kernels.py, which training uses.
"""

from collections.abc import Sequence

import numpy as np

from firstspike.golden.training.optimiser import cross_entropy

_CHUNK = 1 << 24  # elements of [images, n_in, n_out] worked on at once


def layer_times(z_in: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spike times of one layer, z_out = A / (B - 1) over the causal set (DESIGN, section 1).

    z_in [n, n_in] positive, inf = silent; W [n_in, n_out]. Returns z_out [n, n_out], inf where
    silent, and the slope B - 1 at the spike, inf where silent (so that 1 / slope is 0 there).
    """
    n, (n_in, n_out) = len(z_in), W.shape
    z_out = np.full((n, n_out), np.inf)
    slope = np.full((n, n_out), np.inf)
    order = np.argsort(z_in, axis=1, kind="stable")
    z_sorted = np.take_along_axis(z_in, order, axis=1)
    z_next = np.concatenate([z_sorted[:, 1:], np.full((n, 1), np.inf)], axis=1)
    step = max(1, _CHUNK // (n_in * n_out))
    for start in range(0, n, step):
        part = slice(start, start + step)
        z, following = z_sorted[part, :, None], z_next[part, :, None]
        arrived = np.isfinite(z)
        w = np.where(arrived, W[order[part]], 0)
        S = np.cumsum(w, axis=1) - 1
        A = np.cumsum(w * np.where(arrived, z, 0), axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            fires = (S > 0) & arrived & (S * following >= A) & (z < following)
        k = np.argmax(fires, axis=1)[:, None]
        fired = np.take_along_axis(fires, k, axis=1)[:, 0]
        S = np.take_along_axis(S, k, axis=1)[:, 0]
        A = np.take_along_axis(A, k, axis=1)[:, 0]
        z_out[part] = np.divide(A, S, out=np.full(S.shape, np.inf), where=fired)
        slope[part] = np.where(fired, S, np.inf)
    return z_out, slope


class FeedForward:
    """A feed-forward network with real weights, W [n_in, n_out] a layer, threshold 1.

    `forward` keeps what `backward` needs.
    """

    def __init__(self, weights: Sequence[np.ndarray]) -> None:
        """Copy the weights, as float64."""
        self.weights = [np.array(W, float) for W in weights]

    def forward(self, z_in: np.ndarray) -> list[np.ndarray]:
        """Spike times of every layer, [n, n_out] each, for input times [n, n_in]; inf = silent."""
        self._times = [np.asarray(z_in, float)]
        self._slopes = []
        for W in self.weights:
            z_out, slope = layer_times(self._times[-1], W)
            self._times.append(z_out)
            self._slopes.append(slope)
        return self._times[1:]

    def backward(self, dz_out: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Exact gradients of the last `forward`, from dL/dz_out [n, n_out].

        dz_out/dw_p = (z_p - z_out) / (B - 1) and dz_out/dz_p = w_p / (B - 1) for the causal
        inputs, else 0. Returns dL/dW [n_in, n_out] a layer, summed over the images, and
        dL/dz_in [n, n_in].
        """
        gradients = []
        for W, z_in, z_out, slope in zip(
            reversed(self.weights),
            reversed(self._times[:-1]),
            reversed(self._times[1:]),
            reversed(self._slopes),
            strict=True,
        ):
            e = np.where(np.isfinite(slope), dz_out, 0) / slope
            dW = np.zeros_like(W)
            dz_in = np.empty_like(z_in)
            step = max(1, _CHUNK // W.size)
            for start in range(0, len(z_in), step):
                part = slice(start, start + step)
                z, end = z_in[part, :, None], z_out[part, None, :]
                causal = (z < end) & np.isfinite(end)
                before = np.subtract(z, end, out=np.zeros(causal.shape), where=causal)
                dW += np.einsum("bo,bpo->po", e[part], before)
                dz_in[part] = np.einsum("bo,po,bpo->bp", e[part], W, causal)
            gradients.append(dW)
            dz_out = dz_in
        return gradients[::-1], dz_out

    def cost_gradient(self, z_in: np.ndarray, labels: np.ndarray) -> tuple[float, list[np.ndarray]]:
        """Cross-entropy summed over images [n, n_in] with labels [n], and its dL/dW a layer."""
        value, dz_out = cross_entropy(self.forward(z_in)[-1], labels)
        return float(value.sum()), self.backward(dz_out)[0]
