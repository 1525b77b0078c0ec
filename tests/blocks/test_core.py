# SPDX-License-Identifier: BSD-2-Clause
"""A small core: every spike and cycle of 100 images is golden's."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from firstspike.golden import Network, differences, encode, infer
from firstspike.golden.integer import output_potentials
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.sim.benches.core.outcome import CoreOutcome, results_of
from firstspike.sim.benches.core.run import Stimulus, simulate
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import SimulationError
from tests.support.simulators import both_simulators

ADDRESS, TICK, ORDER = 1, 2, 4
"""Bits of `Results.error`."""


SHAPE = CoreShape(lanes=4, window=2)


def random_network(seed: int) -> Network:
    """Return a network whose input 0 lowers all outputs, below lanes without a neuron."""
    weights = random_weights(np.random.default_rng(seed), (20, 13, 5), -40, 80)
    weights[0][0] = 120 * (np.arange(13) == 0)
    weights[1][0] = -40
    return network_of(weights, (70, 50), bits=8, encoding="levels-4")


def close_images(network: Network, rng: np.random.Generator) -> np.ndarray:
    """Return images [n, 20] in ascending order of M of the output that wins, at its decision.

    With the first ones, a small error of a potential shows.
    """
    pixels = (rng.integers(0, 256, (2000, 20)) * (rng.random((2000, 20)) < 0.7)).astype(np.uint8)
    results = infer(network, encode(network, pixels))
    M = output_potentials(network, results.known_hidden()[-1], results.tick)
    reached = np.where(results.forced, np.inf, M[range(len(M)), results.decision])
    return pixels[np.argsort(reached, kind="stable")]


@both_simulators
def test_core(simulator, seed):
    rng, network = np.random.default_rng(seed), random_network(seed)
    pixels = rng.integers(0, 256, (100, 20)).astype(np.uint8)
    pixels[1::2] *= rng.random((50, 20)) < 0.2  # so that some decisions are forced
    pixels[3] = 255 * (np.arange(20) == 0)
    pixels[64:] = close_images(network, rng)[:36]
    ticks = encode(network, pixels)
    folding = Folding.of(network, SHAPE)
    inference = infer(network, ticks)
    expected = replace(inference, cycles=cycles(network, ticks, inference, folding))
    stimulus = Stimulus(checked=True, seed=seed)
    actual = simulate(network, ticks, folding, stimulus=stimulus, simulator=simulator)
    assert list(differences(expected, actual)) == []


example = partial(test_core, "verilator", seed=1)


@pytest.mark.parametrize("extra", ["decisions", "learned", "logs"])
def test_what_belongs_to_a_further_image_is_named(extra):
    network = random_network(1)
    config = CoreConfig.of(network, Folding.of(network, SHAPE))
    ports = {"decisions": [(0, 0)], "learned": [], "logs": [np.zeros((1, 2), np.int64)]}
    results_of(config, CoreOutcome(answers=[], **ports), 2)
    ports[extra] = [np.array([[2, 0]])] if extra == "logs" else [(2, 0)]
    with pytest.raises(SimulationError, match=r"of image 2, counted from 0, .* only 2 images"):
        results_of(config, CoreOutcome(answers=[], **ports), 2)
