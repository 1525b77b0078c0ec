# SPDX-License-Identifier: BSD-2-Clause
"""One step of training: spike times, cost, exact gradients, the extra terms, Adam.

`Training` describes the parameters; `Optimiser` holds the changing weights. The gradient of a
hidden neuron is stored for its *drive* d, the sum of its weights from inputs at the earliest z,
mostly 1: there dz/dd = (1 - z) / (B - 1), so a weight from input p gets d (z - z_p) / (z - 1).
Clipping, sparsity and revival act on d. The output's weights have the plain gradient.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.kind import LayerKind, weight_range

from . import conv_kernels, kernels, level_kernels
from .quantise import rounded, useful_threshold
from .specification import Training

_INITIAL_INPUTS = (784, 600)  # n_in for Training.initial; other sizes are scaled
_RARELY = 0.002  # share of images below which a neuron counts as silent and is revived
_MEMORY = 0.98  # share of the running mean that remains after a step
_LEEWAY = 0.1  # in z: neurons up to this long after the decision cost as much as those before it


class Optimiser:
    """Weights under training: float32 [rows, columns] per layer; fine-tuning adds `thresholds`."""

    def __init__(
        self,
        training: Training,
        layers: Sequence[LayerKind],
        n_inputs: int,
        times: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """Draw the weights of `layers`; the first connects some of the `n_inputs` inputs.

        `times`: [n_values], the z at which an input of each value spikes, inf for silent.
        """
        self.training = training
        self._layers = tuple(layers)
        self._inputs = Inputs(times, as_times=isinstance(layers[0], Convolution))
        self.weights = []
        for number, layer in enumerate(layers):
            first = not number
            mean, deviation = training.initial[not first]
            # Unconnected inputs are mostly dark: neurons get the same drive as with them.
            fan_in = layer.rows + (n_inputs - layer.n_in if first else 0)
            scale = _INITIAL_INPUTS[not first] / fan_in
            size = layer.rows, layer.columns
            W = rng.normal(mean * scale, deviation * np.sqrt(scale), size)
            self.weights.append(W.astype(np.float32))
        self.thresholds: tuple[int, ...] | None = None
        self._activity = [np.full(layer.columns, 0.05, np.float32) for layer in layers[:-1]]
        self._reset()

    def _reset(self) -> None:
        self._moments = [(np.zeros_like(W), np.zeros_like(W)) for W in self.weights]
        self._steps = 0

    def start_fine_tuning(self, values: np.ndarray, labels: np.ndarray) -> None:
        """Quantise the weights in all further steps (with the straight-through gradient).

        The samples, in the form that `step` accepts, determine the thresholds.
        """
        self.thresholds = self.useful_thresholds(self.weights, values, labels)
        self._reset()

    def useful_thresholds(
        self, weights: Sequence[np.ndarray], values: np.ndarray, labels: np.ndarray
    ) -> tuple[int, ...]:
        """Return a threshold per layer, each chosen with the real weights of all other layers."""

        def threshold(layer: int) -> int:
            def cost(W: np.ndarray) -> float:
                other_weights = weights[:layer], weights[layer + 1 :]
                z_out = self.forward([*other_weights[0], W, *other_weights[1]], values)[-1]
                return float(self._cost(z_out, labels)[0].mean())

            return useful_threshold(weights[layer], self.training.weight_bits, cost)

        return tuple(threshold(layer) for layer in range(len(weights)))

    def _cost(self, z_out: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        training = self.training
        return cross_entropy(z_out, labels, training.beta, training.phantom, training.smoothing)

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return all state that changes from step to step: arrays, and data that JSON can hold."""
        arrays = {f"activity_{at}": activity for at, activity in enumerate(self._activity)}
        for layer, (W, (mean, square)) in enumerate(zip(self.weights, self._moments, strict=True)):
            arrays |= {f"weights_{layer}": W, f"mean_{layer}": mean, f"square_{layer}": square}
        return arrays, {"steps": self._steps, "thresholds": self.thresholds}

    def restore(self, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        """Continue from the result of `state`. Raises ValueError for arrays of another shape."""
        for name, array in self.state()[0].items():
            array[...] = arrays[name]
        self._steps = state["steps"]
        self.thresholds = state["thresholds"] and tuple(state["thresholds"])

    def effective(self) -> list[np.ndarray]:
        """Return the weights that the network uses: rounded in fine-tuning."""
        if self.thresholds is None:
            return self.weights
        bits = self.training.weight_bits
        return [
            rounded(W, bits, threshold)
            for W, threshold in zip(self.weights, self.thresholds, strict=True)
        ]

    def step(self, values: np.ndarray, labels: np.ndarray, rate: float) -> tuple[float, int]:
        """Learn from values int[n, n_rows], labels[n]; return cost and number of right ones."""
        weights = self.effective()
        times, slopes, z_out = self.forward(weights, values)
        value, dz = self._cost(z_out, labels)
        gradients = self._backward(weights, times, slopes, z_out.min(axis=1), dz)
        self._steps += 1
        for layer, (W, dW) in enumerate(zip(self.weights, gradients, strict=True)):
            dW /= np.float32(len(values))
            moments = self._moments[layer]
            kernels.adam(W, dW, *moments, rate, self._steps, self.training.weight_decay)
            if self.thresholds is not None:
                low, high = weight_range(self.training.weight_bits)
                np.clip(W, low / self.thresholds[layer], high / self.thresholds[layer], out=W)
        return float(value.sum()), int((z_out.argmin(axis=1) == labels).sum())

    def evaluate(self, values: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Return accuracy and mean number of hidden spikes before the decision for all `values`."""
        weights = self.effective()
        right = spikes = 0.0
        for part in range(0, len(values), 1000):
            times, _, z_out = self.forward(weights, values[part : part + 1000])
            right += (z_out.argmin(axis=1) == labels[part : part + 1000]).sum()
            decision = np.minimum(z_out.min(axis=1), self.training.horizon)[:, None]
            spikes += sum(int((z < decision).sum()) for z in times[1:-1])
        return float(right) / len(values), spikes / len(values)

    def forward(
        self, weights: Sequence[np.ndarray], values: np.ndarray
    ) -> tuple[list[Any], list[np.ndarray], np.ndarray]:
        """Return inputs and times of every layer, slopes per layer, and effective output times.

        Inputs are as `Inputs` returns them. The effective time of a silent output is horizon -
        M(horizon), which is later the further the output is from firing.
        """
        horizon = np.float32(self.training.horizon)
        inputs = self._inputs.spikes(values)
        times: list[Any] = [inputs]
        slopes = []
        for layer, W in enumerate(weights):
            kind = self._layers[layer]
            if isinstance(kind, Convolution):
                z, slope, potential = conv_kernels.conv_times(kind, times[-1], W, horizon)
            elif layer == 0 and isinstance(inputs, np.ndarray):
                # With every input at z = 1, A = B, so z = B / (B - 1) is one matrix product.
                slope = inputs @ W - 1
                potential = np.minimum(slope * (horizon - 1) - 1, 0)
                slope = np.where(slope > 1 / (horizon - 1), slope, np.inf)
                z = np.where(slope < np.inf, 1 + 1 / slope, np.inf)
            elif layer == 0:
                z, slope, potential = level_kernels.group_times(inputs, W, horizon)
            else:
                last = layer == len(weights) - 1
                spike_times = kernels.spike_times if last else kernels.wide_spike_times
                order = np.argsort(times[-1], axis=1)
                z, slope, potential = spike_times(times[-1], order, W, horizon)
            times.append(z)
            slopes.append(slope)
        return times, slopes, np.where(np.isfinite(z), z, horizon - potential)

    def _backward(
        self,
        weights: Sequence[np.ndarray],
        times: Sequence[Any],
        slopes: Sequence[np.ndarray],
        decision: np.ndarray,
        dz: np.ndarray,
    ) -> list[np.ndarray]:
        """Return dL/dW per layer from dL/dz of the last layer's effective times [n, n_out]."""
        training = self.training
        horizon = np.float32(training.horizon)
        gradients: list[np.ndarray] = []
        for layer in reversed(range(len(weights))):
            z, slope = times[layer + 1], slopes[layer]
            fired = z < horizon
            z_end = np.minimum(z, horizon)
            if layer == len(weights) - 1:
                e = np.where(fired, dz / np.maximum(slope, training.smallest_slope), dz)
                d = e * (self._inputs.earliest - z_end)
            else:
                d = self._drive_gradient(layer, z, slope, fired, decision, dz)
                e = d / (self._inputs.earliest - z_end)
            kind = self._layers[layer]
            if layer == 0 and isinstance(kind, Dense) and isinstance(times[0], np.ndarray):
                gradients.append(times[0].T @ d)
                break
            e = e.astype(np.float32, copy=False)
            if isinstance(kind, Convolution):
                dW, dz = conv_kernels.conv_gradients(kind, times[layer], weights[layer], z_end, e)
                gradients.append(dW)
                continue
            dW = np.zeros_like(weights[layer])
            if layer == 0:
                level_kernels.group_gradients(times[0], z_end, e, dW)
            else:
                dz = np.empty_like(times[layer])
                kernels.gradients(times[layer], weights[layer], z_end, e, dW, dz)
            gradients.append(dW)
        return gradients[::-1]

    def _drive_gradient(self, layer, z, slope, fired, decision, dz) -> np.ndarray:
        """Return the gradient on the drives of hidden layer `layer`, float32 [n, size]."""
        training = self.training
        slope = np.maximum(slope, training.smallest_slope)
        d = np.where(
            fired, dz * (self._inputs.earliest - np.minimum(z, training.horizon)) / slope, 0
        )
        d += np.float32(training.sparsity) * (z < decision[:, None] + _LEEWAY)
        np.clip(d, -training.clip, training.clip, out=d)
        if training.revival:
            activity = self._activity[layer]
            each = (len(d), len(activity), -1)  # images, columns of the weights, neurons per column
            activity *= _MEMORY
            share = fired.reshape(each).mean(axis=(0, 2), dtype=np.float32)
            activity += np.float32(1 - _MEMORY) * share
            # The neurons of a column share one revival, since they share their weights.
            neurons = d.reshape(each)
            neurons[:, activity < _RARELY] -= np.float32(training.revival / neurons.shape[2])
        return d.astype(np.float32, copy=False)


class Inputs:
    """The spikes of values: a matrix if all inputs spike at z = 1, otherwise `Groups`.

    A convolving layer uses spike times instead.
    """

    def __init__(self, times: np.ndarray, as_times: bool = False) -> None:
        """`times` [n_values]: the z at which an input of each value spikes, inf for silent."""
        times = times.astype(np.float32)
        self._z = times if as_times else None
        self._times = np.unique(times[np.isfinite(times)])
        self._level = np.searchsorted(self._times, times).astype(np.int32)
        self._together = set(times.tolist()) == {1.0, np.inf}
        #: z before which no input spikes
        self.earliest = self._times[0]

    def spikes(self, values: np.ndarray) -> np.ndarray | level_kernels.Groups:
        """Return the spikes of values int [n, n_rows], as `Groups` or float32 [n, n_rows]."""
        if self._z is not None:
            return self._z[values]
        if self._together:
            return (self._level == 0).astype(np.float32)[values]
        return level_kernels.group(values, self._level, self._times)


def cross_entropy(
    z_out: np.ndarray,
    labels: np.ndarray,
    beta: float = 1.0,
    phantom: float = np.inf,
    smoothing: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cross-entropy on softmax(-beta z_out): the label's neuron learns to fire first.

    z_out [n, n_out], labels int [n]. A finite `phantom` is the spike time of a further class that
    is always wrong, so the label must fire before it. A silent output (inf) has probability 0 and
    no gradient; the value is inf if the label's own neuron is silent. The target probability
    spreads a share `smoothing` over all classes.

    Returns (value [n], dL/dz_out [n, n_out]).
    """
    rows = np.arange(len(z_out))
    first = np.minimum(z_out.min(axis=1), phantom)
    first = np.where(np.isfinite(first), first, 0)[:, None]
    p = np.exp(-beta * (z_out - first))
    total = p.sum(axis=1) + np.exp(-beta * (phantom - first[:, 0]))
    p /= np.maximum(total, np.finfo(p.dtype).tiny)[:, None]
    value = beta * (z_out[rows, labels] - first[:, 0]) + np.log(total, where=total > 0, out=total)
    gradient = -beta * p
    gradient[rows, labels] += beta
    if smoothing:
        value += beta * smoothing * (z_out.mean(axis=1) - z_out[rows, labels])
        gradient[rows, labels] -= beta * smoothing
        gradient += beta * smoothing / z_out.shape[1]
    gradient[~np.isfinite(z_out)] = 0
    return value, gradient
