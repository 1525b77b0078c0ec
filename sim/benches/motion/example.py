# SPDX-License-Identifier: BSD-2-Clause
"""A small front end with a core behind, for `firstspike check blocks`."""

from typing import Any

import numpy as np

from firstspike.golden import Features, Network
from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.harness.networks import network_of, random_weights

from .frames import movement
from .wrist import simulate

FRONT = MotionFrontEnd(
    rate=52, frame=4, frames=3, hop=2, least=60, contrast=2, downs=(5, 5, 5, 6, 6, 6)
)


def small_network(front: MotionFrontEnd = FRONT, seed: int = 1) -> Network:
    """A network of random weights that watches motion with this front end."""
    features = Features(None, complement=True, constant=True, motion=front)
    sizes = (2 * front.n_pixels + 1, 7, 4)
    weights = random_weights(np.random.default_rng(seed), sizes, -4, 8)
    return network_of(weights, (9, 5), encoding="levels-8", features=features)


def example(**options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    network, rng = small_network(), np.random.default_rng(1)
    recordings = [movement(FRONT, count * FRONT.frame, rng) for count in (12, 5)]
    results = simulate(network, Folding.of(network, CoreShape(lanes=2)), recordings, **options)
    return f"6 axes, 2 lanes: {len(results.decision)} decisions from an LSM6DSO's wires"
