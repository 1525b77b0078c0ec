# SPDX-License-Identifier: BSD-2-Clause
"""The nodes of a layer, the steps and the spikes in each form of a graph (docs/nir/nir.md).

    form    nodes of a layer              time        a spike
    ticks   Linear -> I -> Affine -> IF   z, ticks    an impulse; exact with a step of 1
    time    Linear -> LI -> IF            t = ln z    an impulse; the published equation
    cuba    Linear -> CubaLIF             z, steps    1 in its step; two more inputs are the bias

A convolving layer has Conv1d or Conv2d instead of Linear and Affine. Its two further inputs are two
further maps, and a Flatten precedes the first dense layer after it.

NIR has no neuron that fires at most once. v_reset is therefore so low that no neuron reaches the
threshold again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.network import Network

from .graph import NirError, Node
from .maps import Shapes, connecting, shapes_of

STEP = 1e-4
"""Duration in seconds of a step of form cuba: the default of snnTorch and SpikingJelly."""

TAU = STEP * 2.0**60
"""Time constant of form cuba, in seconds: 1 - STEP / TAU is 1 in double precision."""


@dataclass(frozen=True)
class Form:
    """A way to represent a network as a graph."""

    name: str
    kinds: tuple[str, ...]
    """Types of the nodes of a layer."""
    names: tuple[str, ...]
    """Prefixes of their names, before the number of the layer; the design's letters are S, M, I and
    V."""
    layer: Callable[[Network, int], list[Node]]
    """Function that returns the nodes of a layer of a network."""
    further_inputs: int = 0
    """Inputs of the graph after those of the network: maps, if the first layer convolves."""

    @property
    def spiking(self) -> str:
        """Name of a layer's spiking node, without the number."""
        return self.names[-1]


def _ticks(network: Network, layer: int) -> list[Node]:
    """Return nodes where I integrates to S, and IF to M; for an integer M, M >= 0 is M > -1/2."""
    kind, shapes = network.layers[layer], shapes_of(network)[layer]
    ones = np.ones((shapes.outputs, *shapes.out))
    threshold = float(network.thresholds[layer])
    far = _far(network, layer, network.deadline)
    same = np.eye(shapes.outputs).reshape(*2 * (shapes.outputs,), *(1 for _ in shapes.out))
    bias = np.full(shapes.outputs, -threshold)
    each = kind
    if isinstance(kind, Convolution):  # one entry per neuron
        each = Convolution.shaped(Geometry(kind.geometry.out, (1, 1)), *2 * (kind.filters,))
    return [
        connecting(kind, _weight(network, layer, shapes)),
        {"type": "I", "r": ones},
        connecting(each, same, bias),
        {"type": "IF", "r": ones, "v_threshold": -ones / 2, "v_reset": -far * ones},
    ]


def _time(network: Network, layer: int) -> list[Node]:
    """Return nodes with I and V of DESIGN, section 1."""
    kind, shapes = network.layers[layer], shapes_of(network)[layer]
    ones = np.ones((shapes.outputs, *shapes.out))
    far = _far(network, layer, 1)
    return [
        connecting(kind, _weight(network, layer, shapes) / network.thresholds[layer]),
        {"type": "LI", "tau": ones, "r": ones, "v_leak": 0 * ones},
        {"type": "IF", "r": ones, "v_threshold": ones, "v_reset": -far * ones},
    ]


def _cuba(network: Network, layer: int) -> list[Node]:
    """Return nodes whose current is S and whose v is M + 1, once both further inputs have spiked.

    The further inputs spike at steps 0 and 1. A spike passes all layers in one step, so step s is
    tick s + 1 of the first layer and tick s + layer + 1 of this one. The decrease of M in the ticks
    before is added at step 0. Two further neurons pass both spikes to the next layer.
    """
    kind, shapes = network.layers[layer], shapes_of(network)[layer]
    threshold, n_out = network.thresholds[layer], shapes.outputs
    relays = 0 if layer == network.n_layers - 1 else 2
    first, second = shapes.sources, shapes.sources + shapes.further
    W = np.zeros((n_out + relays, second + shapes.further, *shapes.kernel))
    W[:n_out, :first] = _weight(network, layer, shapes)
    once = _seen_once(network, layer, shapes)
    W[:n_out, first] = (1 - (layer + 1) * threshold) * once
    W[:n_out, second] = (layer * threshold - 1) * once
    for relay, source in zip(range(n_out, n_out + relays), (first, second), strict=False):
        W[relay, source] = once
    ones = np.ones((n_out + relays, *shapes.out))
    far = _far(network, layer, network.deadline)
    return [
        connecting(kind, W),
        {
            "type": "CubaLIF",
            "tau_syn": TAU * ones,
            "tau_mem": TAU * ones,
            "r": TAU / STEP * ones,
            "v_leak": 0 * ones,
            "v_threshold": ones / 2,
            "v_reset": -far * ones,
            "w_in": TAU / STEP * ones,
        },
    ]


def _weight(network: Network, layer: int, shapes: Shapes) -> np.ndarray:
    """Return a layer's weights as float64 [outputs, sources, *kernel]."""
    weights = network.weights[layer].T.astype(np.float64)
    return weights.reshape(shapes.outputs, shapes.sources, *shapes.kernel)


def _seen_once(network: Network, layer: int, shapes: Shapes) -> np.ndarray:
    """Return a kernel that is 1 at one tap: at every position it reads one input of a full map."""
    kind = network.layers[layer]
    kernel = np.zeros(shapes.kernel)
    if not isinstance(kind, Convolution):
        return kernel + 1
    of = kind.geometry
    if any(
        (n - 1) * step >= side for side, n, step in zip(of.size, of.out, of.stride, strict=True)
    ):
        kernel_size, padding = (f"{down} x {across}" for down, across in (of.kernel, of.padding))
        raise NirError(
            f"layer {layer} has kernels of {kernel_size} with a padding of {padding}: form cuba "
            "takes a padding of less than half the kernel, so choose form ticks or time."
        )
    kernel[of.padding[2 - kernel.ndim :]] = 1
    return kernel


def _far(network: Network, layer: int, rises: int) -> float:
    """Return a power of two above `rises` times the largest possible sum of weights."""
    highest = len(network.weights[layer]) << (network.weight_bits[layer] - 1)
    return float(1 << (rises * highest + 2).bit_length())


FORMS = {
    form.name: form
    for form in (
        Form(
            "ticks",
            ("Linear", "I", "Affine", "IF"),
            ("weights", "S", "threshold", "M"),
            _ticks,
        ),
        Form("time", ("Linear", "LI", "IF"), ("weights", "I", "V"), _time),
        Form("cuba", ("Linear", "CubaLIF"), ("weights", "M"), _cuba, further_inputs=2),
    )
}
"""Forms by name; the first is the default."""
