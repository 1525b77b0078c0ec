# SPDX-License-Identifier: BSD-2-Clause
"""Small networks for benches, checks and tests."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from firstspike.golden import Network


def network_of(
    weights: Sequence[np.ndarray],
    thresholds: Sequence[int],
    *,
    bits: int | Sequence[int] = 4,
    unit: int = 8,
    deadline: int = 50,
    inputs: np.ndarray | None = None,
    n_inputs: int | None = None,
    **fields: Any,
) -> Network:
    """A network of these weights, integers [n_in, n_out] a layer.

    `bits` are those of every layer or, as a sequence, of each. Without `inputs` all are connected,
    without `n_inputs` the last connected one is the last. `fields` are further ones of `Network`.
    """
    inputs = np.arange(len(weights[0])) if inputs is None else inputs
    return Network(
        weights=tuple(weights),
        weight_bits=(bits,) * len(weights) if isinstance(bits, int) else tuple(bits),
        thresholds=tuple(thresholds),
        unit=unit,
        deadline=deadline,
        n_inputs=int(inputs[-1]) + 1 if n_inputs is None else n_inputs,
        inputs=inputs,
        **fields,
    )


def random_weights(
    rng: np.random.Generator, sizes: Sequence[int], low: int, high: int
) -> list[np.ndarray]:
    """Draw weights low .. high - 1 for layers of these sizes, layer by layer."""
    return [rng.integers(low, high, pair) for pair in pairwise(sizes)]


EXAMPLE = network_of(
    (
        np.array([[3, -1, 2], [2, 4, -3], [-2, 3, 1], [1, 1, 6]]),
        np.array([[7, -4], [-3, 6], [2, 5]]),
    ),
    (2, 3),
    unit=4,
    deadline=24,
)
"""4 inputs, 3 hidden neurons and 2 outputs: the network of docs/link_vectors.csv, and of the page
that draws one image at the ports of a core."""
