# SPDX-License-Identifier: BSD-2-Clause
"""Decisions of a disturbed network: early deadlines, noise and dead neurons.

The caller provides a numpy generator for random choices; a fraction f is the probability with which
each pixel, spike or neuron is affected.
"""

from dataclasses import replace

import numpy as np

from .integer import output_potentials
from .network import Network
from .results import Results


def decide_by(network: Network, inference: Results, deadline: int) -> np.ndarray:
    """Return the classes, int32 [n], of decisions that are forced at an early `deadline`.

    The output with the largest M wins, then the lower index, as at the network's own deadline.
    Images that are decided earlier keep their decision. The network must have a hidden layer, and
    its neurons must spike at most once.
    """
    spikes = inference.known_hidden()[-1]
    M = output_potentials(network, spikes, np.full(len(spikes), deadline))
    return np.where(inference.tick <= deadline, inference.decision, M.argmax(1)).astype(np.int32)


def flip(pixels: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Invert a fraction of pixels, uint8 of any shape: p becomes 255 - p."""
    return np.where(rng.random(pixels.shape) < fraction, 255 - pixels, pixels)


def jitter(network: Network, ticks: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Move every spike of input ticks [n, n_rows] by -most .. most ticks, within 1 .. deadline."""
    moved = ticks + rng.integers(-most, most, ticks.shape, endpoint=True)
    return np.where(ticks > 0, moved.clip(1, network.deadline), 0).astype(np.int32)


def kill(network: Network, fraction: float, rng: np.random.Generator) -> Network:
    """Return the network with a fraction of its hidden neurons dead: their input weights are 0.

    The neurons of a filter share their weights, so they die together.
    """
    hidden = [w * (rng.random(w.shape[-1]) >= fraction) for w in network.weights[:-1]]
    return replace(network, weights=(*hidden, network.weights[-1]))
