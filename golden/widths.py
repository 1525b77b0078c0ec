# SPDX-License-Identifier: BSD-2-Clause
"""The widths of S and M, derived so that neither can overflow (DESIGN: no saturation, no wrap)."""

from typing import NamedTuple

import numpy as np

from .layers.kind import LayerKind, weight_range
from .layers.registry import layer_of
from .network import Network


class StateWidths(NamedTuple):
    """Bits of the signed slope S and of the signed potential M of a layer's neurons."""

    S: int
    M: int


def signed_bits(low: int, high: int) -> int:
    """Return the bits of the smallest two's complement number that holds low .. high."""
    return 1 + max(-low - 1, high, 0).bit_length()


def layer_widths(
    weights: np.ndarray,
    threshold: int,
    deadline: int,
    weight_bits: int | None = None,
    layer: LayerKind | None = None,
) -> StateWidths:
    """Return widths for `weights` [n_in, n_out], or for any weights of `weight_bits` instead.

    The weights of a `layer` that is not dense have its shape. S reaches -threshold plus all
    negative, or all positive, weights of a neuron. M(z) is the sum of the slopes of ticks
    0 .. z - 1, the first of which is -threshold since no input spikes before tick 1; its extremes
    are at the deadline, or for the upper one at tick 0.
    """
    layer = layer or layer_of("weights", weights)
    if weight_bits is None:
        negative, positive = layer.extremes(weights)
    else:
        negative, positive = (layer.rows * extreme for extreme in weight_range(weight_bits))
    lowest, highest = -threshold + negative, -threshold + positive
    return StateWidths(
        S=signed_bits(lowest, highest),
        M=signed_bits(
            -threshold + lowest * (deadline - 1), max(0, -threshold + highest * (deadline - 1))
        ),
    )


def state_widths(network: Network, any_weights: bool = False) -> tuple[StateWidths, ...]:
    """Return the widths of every layer, for its own weights or for `any_weights` of their range."""
    return tuple(
        layer_widths(weights, threshold, network.deadline, bits if any_weights else None, layer)
        for weights, threshold, bits, layer in zip(
            network.weights, network.thresholds, network.weight_bits, network.layers, strict=True
        )
    )
