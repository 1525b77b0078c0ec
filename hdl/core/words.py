# SPDX-License-Identifier: BSD-2-Clause
"""Weights as the words of a weight store, and words as chunks of the weight port."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from firstspike.golden.network import Network, NetworkError, weight_range
from firstspike.golden.widths import state_widths

from .config import CoreConfig, LayerConfig

CHUNK_BITS = 32
"""Width of the weight port."""


def chunks_of(layer: LayerConfig) -> int:
    """Chunks of the weight port that a weight word of a layer takes."""
    return -(-layer.word_bits // CHUNK_BITS)


def check_weights(layer: LayerConfig, weights: np.ndarray | None) -> None:
    """Raise ValueError for weights that the store of a layer cannot hold; None is for zeros."""
    if weights is None:
        return
    expected = layer.folding.n_in, layer.folding.n_out
    if np.shape(weights) != expected:
        raise ValueError(
            f"a layer of {expected[0]} rows and {expected[1]} neurons takes weights of that shape, "
            f"not {np.shape(weights)}."
        )
    low, high = weight_range(layer.stored_bits)
    if np.min(weights) < low or np.max(weights) > high:
        raise ValueError(
            f"weights of {layer.stored_bits} bits are {low}..{high}, "
            f"not {np.min(weights)}..{np.max(weights)}."
        )


def pack_words(layer: LayerConfig, weights: np.ndarray) -> list[int]:
    """The words of the store for `weights`, [n_in, n_out].

    Word group * bank_rows * R + row holds the weights of that row for the neurons of the group,
    lane 0 in the lowest bits. Lanes without a neuron get 0, and so do rows that a bank has more
    than the layer.
    """
    folding, bits = layer.folding, layer.stored_bits
    mask = (1 << bits) - 1
    missing = [0] * (folding.bank_rows * folding.rows - folding.n_in)
    words = []
    for group in range(folding.groups):
        part = weights[:, group * folding.lanes : (group + 1) * folding.lanes]
        for row in part.tolist():
            words.append(sum((weight & mask) << lane * bits for lane, weight in enumerate(row)))
        words += missing
    return words


def unpack_words(layer: LayerConfig, words: Iterable[int]) -> np.ndarray:
    """The weights, int16 [n_in, n_out], that `pack_words` makes these words of."""
    folding, bits = layer.folding, layer.stored_bits
    weights = np.zeros((folding.n_in, folding.groups * folding.lanes), np.int16)
    for address, word in enumerate(words):
        group, row = divmod(address, folding.bank_rows * folding.rows)
        if row >= folding.n_in:
            continue
        for lane in range(folding.lanes):
            weight = word >> lane * bits & ((1 << bits) - 1)
            weight -= weight >> bits - 1 << bits
            weights[row, group * folding.lanes + lane] = weight
    return weights[:, : folding.n_out]


def weight_chunks(
    config: CoreConfig, network: Network, stored: Sequence[np.ndarray] | None = None
) -> Iterator[tuple[int, int, int]]:
    """What to write into the weight port: (layer, address, data) for every chunk of `network`.

    For a core that learns `stored` are the stored weights, of which the network's are the top bits.
    Raises NetworkError where the core is not made for the network, or where its weights could
    overflow S or M.
    """
    for number, (layer, widths) in enumerate(
        zip(config.layers, state_widths(network), strict=True)
    ):
        ours = (*network.weights[number].shape, network.weight_bits[number])
        if ours != (layer.folding.n_in, layer.folding.n_out, layer.weight_bits) or (
            network.thresholds[number],
            network.deadline,
        ) != (layer.threshold, layer.deadline):
            raise NetworkError(
                f"layer {number} of the core is of another shape, threshold or deadline than the "
                "network's: generate a core for this network"
            )
        if widths.S > layer.widths.S or widths.M > layer.widths.M:
            raise NetworkError(
                f"the weights of layer {number} need {widths.S} bits of slope and {widths.M} of "
                f"potential, the core has {layer.widths.S} and {layer.widths.M}: generate a core "
                "for any weights, or for these"
            )
    kept = network.weights if stored is None else stored
    for number, (layer, weights) in enumerate(zip(config.layers, kept, strict=True)):
        for address, word in enumerate(pack_words(layer, weights)):
            for _ in range(chunks_of(layer)):
                yield number, address, word & ((1 << CHUNK_BITS) - 1)
                word >>= CHUNK_BITS


def weights_from_chunks(config: CoreConfig, chunks: Iterable[int]) -> tuple[np.ndarray, ...]:
    """Stored weights, int16 [n_in, n_out] a layer, from all chunks in the order of the words."""
    chunks = iter(chunks)

    def words(layer):
        for _ in range(layer.words):
            yield sum(int(next(chunks)) << i * CHUNK_BITS for i in range(chunks_of(layer)))

    return tuple(unpack_words(layer, words(layer)) for layer in config.layers)
