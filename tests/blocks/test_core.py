# SPDX-License-Identifier: BSD-2-Clause
"""A small core: every spike and cycle of 40 images is golden's."""

from dataclasses import replace
from functools import partial

import numpy as np

from firstspike.golden import differences, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.benches.core.run import Stimulus, simulate
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.simulators import both_simulators


@both_simulators
def test_core(simulator, seed):
    rng = np.random.default_rng(seed)
    weights = random_weights(rng, (20, 13, 5), -4, 8)
    network = network_of(weights, (7, 5), encoding="levels-4")
    ticks = encode(network, rng.integers(0, 256, (40, 20)).astype(np.uint8))
    folding = Folding.of(network, CoreShape(lanes=4, window=2))
    inference = infer(network, ticks)
    expected = replace(inference, cycles=cycles(network, ticks, inference, folding))
    stimulus = Stimulus(checked=True, seed=seed)
    found = simulate(network, ticks, folding, stimulus=stimulus, simulator=simulator)
    assert list(differences(expected, found)) == []


example = partial(test_core, "verilator", seed=1)
