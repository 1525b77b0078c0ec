# SPDX-License-Identifier: BSD-2-Clause
"""Random networks whose layers convolve."""

import numpy as np

from firstspike.golden import Network
from firstspike.golden.layers.registry import geometry_of, layers_of


def convolving_network(
    seed: int = 0,
    hidden: tuple[int | str, ...] = ("3c3s2p1", "4c2", 6),
    size: tuple[int, int] = (6, 5),
    maps: int = 2,
    n_classes: int = 3,
) -> Network:
    """A network with the hidden layers `hidden` over maps of `size`, and random weights."""
    rng = np.random.default_rng(seed)
    n_in = maps * size[0] * size[1]
    layers = layers_of(hidden, n_in, n_classes, size)
    weights = tuple(rng.integers(-10, 22, (one.rows, one.columns)) for one in layers)
    bits, thresholds = (7,) * len(layers), (40,) * len(layers)
    geometry = geometry_of(layers)
    return Network(weights, bits, thresholds, 8, 48, n_in, np.arange(n_in), geometry=geometry)
