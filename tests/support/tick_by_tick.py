# SPDX-License-Identifier: BSD-2-Clause
"""The integer model by its definition, slowly: `walk` in place of the fast path."""

from unittest.mock import patch

import numpy as np

from firstspike.golden import Network, Results, infer
from firstspike.golden.integer import walk
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.kind import LayerKind


def infer_tick_by_tick(network: Network, ticks: np.ndarray) -> Results:
    """Infer as `infer` does, tick by tick."""
    with (
        patch.object(Dense, "fired", fired_tick_by_tick),
        patch.object(Convolution, "fired", fired_tick_by_tick),
    ):
        return infer(network, ticks)


def fired_tick_by_tick(
    layer: LayerKind,
    weights: np.ndarray,
    threshold: int,
    spikes: np.ndarray,
    deadline: int,
    max_spikes: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `LayerKind.fired` does, tick by tick."""
    n, n_out = len(spikes), layer.n_out
    out, M = np.zeros((n, n_out, max_spikes), np.int32), np.zeros((n, n_out), np.int64)
    for image in range(n):
        out[image], trace = walk(weights, threshold, spikes[image], deadline, max_spikes, layer)
        first = out[image, :, 0]
        M[image] = trace[np.where(first, first, deadline), np.arange(n_out)]
    return out, M
