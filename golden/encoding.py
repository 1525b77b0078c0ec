# SPDX-License-Identifier: BSD-2-Clause
"""Converts samples to spikes: the tick of every connected input (DESIGN, section 2)."""

from typing import Any

import numpy as np

from .network import Network
from .shipped import NetworkSource, load_network


def encode(network: NetworkSource, samples: Any) -> np.ndarray:
    """Return the spike ticks of the connected inputs of a network, as `load_network` accepts it.

    `samples`: [n, ...], each with one value per feature of the network. A network without
    `features` takes one value per input: pixels uint8, or ticks. Returns int32 [n, n_rows], column
    r for the input `network.inputs[r]`; 0 is silent (nothing spikes at tick 0). Raises
    `EncodingError`.
    """
    network = load_network(network)
    return network.coding.ticks(network, samples)


def bitmap_pixels(network: Network, samples: Any) -> np.ndarray | None:
    """Return the pixels of a bitmap in front of the core: uint8 [n, n_inputs], 255 for bright.

    Returns None for a network that takes no bitmaps. Raises `EncodingError`.
    """
    if not network.takes_bitmap:
        return None
    return (network.coding.values(network, samples) > 0).astype(np.uint8) * 255


def events(ticks_row: np.ndarray) -> np.ndarray:
    """Return the spikes of one image in the order in which the hardware accepts and logs them.

    `ticks_row`: int32 [n_rows], 0 for silent. Returns int32 [k, 2], (tick, row), sorted by tick,
    then row.
    """
    rows = np.flatnonzero(ticks_row)
    rows = rows[np.argsort(ticks_row[rows], kind="stable")]
    return np.stack([ticks_row[rows], rows], axis=1).astype(np.int32)
