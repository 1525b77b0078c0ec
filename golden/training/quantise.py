# SPDX-License-Identifier: BSD-2-Clause
"""Converts real weights to the integer network: thresholds, rounding, inputs, compaction."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from firstspike.golden.encodings.samples import EncodingError
from firstspike.golden.integer import infer_samples
from firstspike.golden.layers.kind import weight_range
from firstspike.golden.network import LARGEST, Network

_FAR = 0.9  # of the cost: a cost above this share of another may be lower by chance


def quantise(W: np.ndarray, bits: int, threshold: int) -> np.ndarray:
    """Return the integer weights nearest to W, int32, where `threshold` represents 1.0."""
    return np.clip(np.rint(W * threshold), *weight_range(bits)).astype(np.int32)


def plain_template(n_inputs: int, bits: int = 8, **fields: Any) -> Network:
    """Return inputs, encoding and times as a network of one layer, whose weights are 0.

    `fields` are fields of `Network`. Raises `NetworkError`.
    """
    return Network(
        **{"unit": 16, "deadline": 96, **fields},
        weights=(np.zeros((n_inputs, 1), int),),
        weight_bits=(bits,),
        thresholds=(1,),
        n_inputs=n_inputs,
        inputs=np.arange(n_inputs),
    )


def quantised(
    template: Network,
    weights: Sequence[np.ndarray],
    bits: int,
    thresholds: Sequence[int],
    **fields: Any,
) -> Network:
    """Return the network of real weights with a threshold per layer; `fields` replace others."""
    return dataclasses.replace(
        template,
        weights=tuple(quantise(W, bits, t) for W, t in zip(weights, thresholds, strict=True)),
        weight_bits=(bits,) * len(weights),
        thresholds=tuple(thresholds),
        **fields,
    )


def best_threshold(W: np.ndarray, bits: int) -> int:
    """Return the threshold that represents W, rounded and clipped, with the smallest squared error.

    The search covers the thresholds of `_searched`.
    """
    step, count = _searched(W, bits)

    def error(threshold: int) -> float:
        return float(np.square(quantise(W, bits, threshold) / threshold - W).sum())

    return min(range(step, step * (count + 1), step), key=error)


def useful_threshold(W: np.ndarray, bits: int, cost: Callable[[np.ndarray], float]) -> int:
    """Return `best_threshold`, or another threshold if its `cost`(rounded W) is far lower.

    A few weights far from the others, such as those of inputs that rarely spike, can dominate the
    squared error although they hardly influence the network.
    """
    best, (step, count) = best_threshold(W, bits), _searched(W, bits)
    halves = 2 * count.bit_length() - 1
    alternatives = sorted({step * round(2 ** (half / 2)) for half in range(halves)})
    costs = {threshold: cost(rounded(W, bits, threshold)) for threshold in (best, *alternatives)}
    return min(costs, key=lambda threshold: costs[threshold] * (_FAR if threshold == best else 1))


def rounded(W: np.ndarray, bits: int, threshold: int) -> np.ndarray:
    """Return W rounded to the integers of `quantise`, divided by the threshold: float32."""
    return quantise(W, bits, threshold).astype(np.float32) / np.float32(threshold)


def _searched(W: np.ndarray, bits: int) -> tuple[int, int]:
    """Return a step and a count: the thresholds to try are the first `count` multiples of the step.

    With the highest one the largest weight fills the range, unless the threshold would exceed
    `LARGEST`. The step is a power of two by which the largest weight is at least 1/16, or 1, so the
    search includes the threshold of integer weights that were divided by up to 4 * 2^bits.
    """
    step, count, largest = 1, 4 << bits, float(np.abs(W).max(initial=0))
    while 0 < step * largest < 1 / 16 and 2 * step * count <= LARGEST:
        step *= 2
    if 0 < step * largest < 1 / 8 and 2 * step * count <= LARGEST:
        count *= 2
    return step, count


def most_active_inputs(spiking: np.ndarray, count: int) -> np.ndarray:
    """Return the `count` inputs that spike (or are bright) in most images, sorted.

    `spiking`: [n, n_inputs], 0 or False for silent inputs. Raises `EncodingError`.
    """
    n_inputs = spiking.shape[1]
    if not 1 <= count <= n_inputs:
        raise EncodingError(
            f"{count} inputs are to be connected of {n_inputs}: give 1..{n_inputs}."
        )
    bright = np.count_nonzero(spiking, axis=0)
    return np.sort(np.argsort(-bright, kind="stable")[:count]).astype(np.int32)


def compact(network: Network, images: np.ndarray, margin: int = 0) -> Network:
    """Remove the hidden neurons that take part in the decision of none of `images`.

    A neuron takes part if it spikes before the decision tick, or with `margin` up to that many
    ticks later, which keeps neurons that other images may need. Every decision on `images` [n,
    ...], as `encode` accepts them, is unchanged, tick for tick: the spike of a removed neuron has
    no effect before the decision.
    """
    used = [np.zeros(size, bool) for size in network.shape[1:-1]]
    for _, result in infer_samples(network, images):
        until = result.tick[:, None] + margin
        for layer, ticks in enumerate(result.known_hidden()):
            used[layer] |= ((ticks > 0) & (ticks < until)).any(axis=0)
    weights = list(network.weights)
    for layer, keep in enumerate(used):
        if not keep.any():
            keep[0] = True  # a layer needs at least one neuron
        weights[layer] = weights[layer][..., keep]
        weights[layer + 1] = weights[layer + 1][keep]
    meta = network.meta | {"compacted_from": list(network.shape)}
    return dataclasses.replace(network, weights=tuple(weights), meta=meta)
