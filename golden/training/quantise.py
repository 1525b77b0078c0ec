# SPDX-License-Identifier: BSD-2-Clause
"""Makes the integer network from real weights: thresholds, rounding, inputs, compaction."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from firstspike.golden.encodings.samples import EncodingError
from firstspike.golden.integer import infer_samples
from firstspike.golden.layers.kind import weight_range
from firstspike.golden.network import Network

_FAR = 0.9  # of the cost: what is not lower than this share of it may be so by chance


def quantise(W: np.ndarray, bits: int, threshold: int) -> np.ndarray:
    """Return the integer weights nearest to W, int32, where `threshold` stands for 1.0."""
    return np.clip(np.rint(W * threshold), *weight_range(bits)).astype(np.int32)


def quantised(
    template: Network,
    weights: Sequence[np.ndarray],
    bits: int,
    thresholds: Sequence[int],
    **fields: Any,
) -> Network:
    """Return the network of real weights with a threshold per layer; `fields` change others."""
    return dataclasses.replace(
        template,
        weights=tuple(quantise(W, bits, t) for W, t in zip(weights, thresholds, strict=True)),
        weight_bits=(bits,) * len(weights),
        thresholds=tuple(thresholds),
        **fields,
    )


def best_threshold(W: np.ndarray, bits: int) -> int:
    """Return the threshold that represents W, rounded and clipped, with the smallest squared error.

    It is searched in 1 .. 4 * 2^bits.
    """

    def error(threshold: int) -> float:
        return float(np.square(quantise(W, bits, threshold) / threshold - W).sum())

    return min(range(1, _highest(bits) + 1), key=error)


def useful_threshold(W: np.ndarray, bits: int, cost: Callable[[np.ndarray], float]) -> int:
    """`best_threshold`, unless with another `cost`(rounded W) is far lower.

    Few weights that are far from the others, as those of inputs that hardly ever spike, may rule
    the squared error; to the network they are nothing.
    """
    best = best_threshold(W, bits)
    steps = 2 * _highest(bits).bit_length() - 1
    others = sorted({round(2 ** (step / 2)) for step in range(steps)})
    costs = {threshold: cost(rounded(W, bits, threshold)) for threshold in (best, *others)}
    return min(costs, key=lambda threshold: costs[threshold] * (_FAR if threshold == best else 1))


def rounded(W: np.ndarray, bits: int, threshold: int) -> np.ndarray:
    """Return W as the integers of `quantise` say it: float32."""
    return quantise(W, bits, threshold).astype(np.float32) / np.float32(threshold)


def _highest(bits: int) -> int:
    """Return the highest threshold to try; with it a weight of 1/8 takes the whole range."""
    return 4 << bits


def most_active_inputs(spiking: np.ndarray, count: int) -> np.ndarray:
    """Return the `count` inputs that spike (or are bright) in most images, sorted.

    `spiking`: [n, n_inputs], 0 or False where an input does not. Raises `EncodingError`.
    """
    n_inputs = spiking.shape[1]
    if not 1 <= count <= n_inputs:
        raise EncodingError(
            f"{count} inputs are to be connected of {n_inputs}: give 1..{n_inputs}."
        )
    bright = np.count_nonzero(spiking, axis=0)
    return np.sort(np.argsort(-bright, kind="stable")[:count]).astype(np.int32)


def compact(network: Network, images: np.ndarray, margin: int = 0) -> Network:
    """Drop the hidden neurons that take part in the decision of none of `images`.

    A neuron takes part if it spikes before the decision tick; with `margin`, if it spikes before
    that many ticks later, which keeps neurons that images not seen here might need. Every
    decision on `images` [n, ...], as `encode` takes them, stays the same, tick for tick: a dropped
    neuron's spike reaches no one before the decision.
    """
    used = [np.zeros(size, bool) for size in network.shape[1:-1]]
    for _, result in infer_samples(network, images):
        until = result.tick[:, None] + margin
        for layer, ticks in enumerate(result.known_hidden()):
            used[layer] |= ((ticks > 0) & (ticks < until)).any(axis=0)
    weights = list(network.weights)
    for layer, keep in enumerate(used):
        if not keep.any():
            keep[0] = True  # a layer needs a neuron, even one that never takes part
        weights[layer] = weights[layer][..., keep]
        weights[layer + 1] = weights[layer + 1][keep]
    meta = network.meta | {"compacted_from": list(network.shape)}
    return dataclasses.replace(network, weights=tuple(weights), meta=meta)
