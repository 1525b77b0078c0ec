# SPDX-License-Identifier: BSD-2-Clause
"""Conversion between a layer's weights and the words of its weight store."""

from collections.abc import Iterable

import numpy as np

from firstspike.golden.layers.kind import weight_range

from .config import LayerConfig

LAYER_BITS, WEIGHT_ADDRESS_BITS = 8, 24
"""Bits of a layer number and of a word address from a host."""

CHUNK_BITS = 32
"""Width of the weight port."""


def chunks_of(layer: LayerConfig) -> int:
    """Return the number of chunks of the weight port per weight word of a layer."""
    return -(-layer.word_bits // CHUNK_BITS)


def check_weights(layer: LayerConfig, weights: np.ndarray | None) -> None:
    """Raise ValueError for weights that the store of a layer cannot hold; None passes."""
    if weights is None:
        return
    kind = layer.folding.kind
    expected = kind.rows, kind.columns
    if np.shape(weights) != expected:
        raise ValueError(
            f"a layer of {kind.n_in} inputs and {kind.n_out} neurons takes weights {expected}, "
            f"not {np.shape(weights)}."
        )
    low, high = weight_range(layer.stored_bits)
    if np.min(weights) < low or np.max(weights) > high:
        raise ValueError(
            f"weights of {layer.stored_bits} bits are {low}..{high}, "
            f"not {np.min(weights)}..{np.max(weights)}."
        )


def pack_words(layer: LayerConfig, weights: np.ndarray) -> list[int]:
    """Return the words of the weight store for `weights`, [n_in, n_out].

    Word group * bank_rows * R + row holds the weights of this row for the neurons of the group,
    lane 0 in the lowest bits. Lanes without a neuron are 0, and so are padding rows of a bank.
    """
    folding, bits = layer.folding, layer.stored_bits
    mask = (1 << bits) - 1
    missing = [0] * (folding.bank_rows * folding.rows - len(weights))
    words = []
    for group in range(folding.groups):
        part = weights[:, group * folding.lanes : (group + 1) * folding.lanes]
        for row in part.tolist():
            words.append(sum((weight & mask) << lane * bits for lane, weight in enumerate(row)))
        words += missing
    return words


def unpack_words(layer: LayerConfig, words: Iterable[int]) -> np.ndarray:
    """Return the weights, int16 [n_in, n_out], of `words`: the inverse of `pack_words`."""
    folding, bits = layer.folding, layer.stored_bits
    rows = np.zeros((folding.kind.rows, folding.groups * folding.lanes), np.int16)
    for address, word in enumerate(words):
        group, row = divmod(address, folding.bank_rows * folding.rows)
        if row >= len(rows):
            continue
        for lane in range(folding.lanes):
            weight = word >> lane * bits & ((1 << bits) - 1)
            weight -= weight >> bits - 1 << bits
            rows[row, group * folding.lanes + lane] = weight
    return rows[:, : folding.columns]
