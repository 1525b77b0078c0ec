# SPDX-License-Identifier: BSD-2-Clause
"""How a layer is written in each form, and what a step and a spike are there (docs/nir.md).

    form    nodes of a layer              time        a spike
    ticks   Linear -> I -> Affine -> IF   z, ticks    an impulse; exact with a step of 1
    time    Linear -> LI -> IF            t = ln z    an impulse; the published equation
    cuba    Linear -> CubaLIF             z, steps    1 in its step; two more inputs are the bias

NIR has no neuron that fires at most once: v_reset is so far below that none comes back.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firstspike.golden.network import Network

from .graph import Node

STEP = 1e-4
"""Seconds of a step of form cuba: what snnTorch supposes, and SpikingJelly unless told."""

TAU = STEP * 2.0**60
"""Time constant of form cuba, in seconds: 1 - STEP / TAU is 1 in double precision."""


@dataclass(frozen=True)
class Form:
    """A way to write a network."""

    name: str
    kinds: tuple[str, ...]
    """Types of the nodes of a layer."""
    names: tuple[str, ...]
    """Prefixes of their names, before the number of the layer; the design says S, M, I and V."""
    layer: Callable[[Network, int], list[Node]]
    """The nodes of a layer of a network."""
    further_inputs: int = 0
    """Inputs of the graph that follow the network's."""

    @property
    def spiking(self) -> str:
        """Name of a layer's spiking node, before its number."""
        return self.names[-1]


def _ticks(network: Network, layer: int) -> list[Node]:
    """S is what I has integrated, and M what IF integrates; M is an integer, so 0 is > -1/2."""
    n_out = network.shape[layer + 1]
    ones = np.ones(n_out)
    threshold = float(network.thresholds[layer])
    far = _far(network, layer, network.deadline)
    return [
        {"type": "Linear", "weight": network.weights[layer].T.astype(np.float64)},
        {"type": "I", "r": ones},
        {"type": "Affine", "weight": np.eye(n_out), "bias": -threshold * ones},
        {"type": "IF", "r": ones, "v_threshold": -ones / 2, "v_reset": -far * ones},
    ]


def _time(network: Network, layer: int) -> list[Node]:
    """I and V of DESIGN, section 1."""
    threshold = network.thresholds[layer]
    ones = np.ones(network.shape[layer + 1])
    far = _far(network, layer, 1)
    return [
        {"type": "Linear", "weight": network.weights[layer].T / threshold},
        {"type": "LI", "tau": ones, "r": ones, "v_leak": 0 * ones},
        {"type": "IF", "r": ones, "v_threshold": ones, "v_reset": -far * ones},
    ]


def _cuba(network: Network, layer: int) -> list[Node]:
    """The current is S and v is M + 1, once both further inputs have spiked, at steps 0 and 1.

    A spike goes through all layers in one step, so step s is tick s + 1 of the first layer and
    tick s + layer + 1 of this one: what M has lost in the ticks before comes with step 0. Two
    neurons more hand the two spikes to the next layer.
    """
    weights, threshold = network.weights[layer], network.thresholds[layer]
    n_in, n_out = weights.shape
    relays = 0 if layer == network.n_layers - 1 else 2
    W = np.zeros((n_out + relays, n_in + 2))
    W[:n_out, :n_in] = weights.T
    W[:n_out, n_in] = 1 - (layer + 1) * threshold
    W[:n_out, n_in + 1] = layer * threshold - 1
    W[n_out:, n_in:] = np.eye(2)[:relays]
    ones = np.ones(n_out + relays)
    far = _far(network, layer, network.deadline)
    return [
        {"type": "Linear", "weight": W},
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


def _far(network: Network, layer: int, rises: int) -> float:
    """Return a power of two beyond so many times all that weights of so many bits can add up to."""
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
"""Forms by their names; the first is the default."""
