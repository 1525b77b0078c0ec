# SPDX-License-Identifier: BSD-2-Clause
"""A small core for `firstspike check blocks`."""

from dataclasses import replace
from typing import Any

import numpy as np

from firstspike.golden import differences, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import SimulationError

from .run import Stimulus, simulate


def example(*, seed: int = 1, **options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    rng = np.random.default_rng(seed)
    weights = random_weights(rng, (20, 13, 5), -4, 8)
    network = network_of(weights, (7, 5), encoding="levels-4")
    ticks = encode(network, rng.integers(0, 256, (40, 20)).astype(np.uint8))
    folding = Folding.of(network, CoreShape(lanes=4, window=2))
    inference = infer(network, ticks)
    expected = replace(inference, cycles=cycles(network, ticks, inference, folding))
    stimulus = Stimulus(checked=True, seed=seed)
    found = simulate(network, ticks, folding, stimulus=stimulus, **options)
    for difference in differences(expected, found):
        raise SimulationError(str(difference))
    return "20-13-5, 4 lanes, windows of 4 ticks: 40 images, every spike and cycle"
