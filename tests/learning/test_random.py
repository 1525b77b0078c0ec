# SPDX-License-Identifier: BSD-2-Clause
"""Random cores that learn, of all encodings and foldings: every cycle as the cycle model counts.

The soak tries further numbers (`tests/soak`).
"""

import dataclasses

import numpy as np
import pytest

from firstspike.golden import LearningState, Network, Settings, differences, encode, learn
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.benches.core.learning import learn_on_rtl
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.learning_images import learned_alike
from tests.support.shapes import convolving_network


def _network(rng: np.random.Generator, last_layer: bool) -> Network:
    """A network with one hidden layer; if only its last layer learns, with any hidden layers."""
    if last_layer and rng.random() < 0.3:
        hidden = [("3c3s2p1", "4c2", 6), ("5c3", 9), ("2c2s2", "3c2")][rng.integers(3)]
        network = convolving_network(int(rng.integers(1 << 30)), hidden, n_classes=5)
        return dataclasses.replace(network, weight_bits=(8,) * network.n_layers)
    n_hidden = rng.integers(1, 4) if last_layer else 1
    most = rng.choice([8, 24, 90], n_hidden)
    sizes = [rng.integers(4, 40), *rng.integers(2, most, endpoint=True), rng.integers(2, 11)]
    lowest, beyond = [(-60, 128), (-100, 128), (-8, 26), (-3, 8)][rng.integers(4)]
    weights = random_weights(rng, sizes, lowest, beyond)
    # With low thresholds, images are decided before all of their inputs have been sent.
    highest = rng.choice([12, 30, 100, 400])
    thresholds = [int(rng.integers(3, highest)) for _ in sizes[:-1]]
    unit = int(rng.choice([3, 8, 16]))
    deadline = 6 * unit + int(rng.integers(6))
    return network_of(weights, thresholds, bits=8, unit=unit, deadline=deadline)


def random_core(number: int, count: int):
    """State, ticks, labels, settings and folding of the case of a number, with `count` images."""
    rng = np.random.default_rng(number)
    last_layer = bool(rng.random() < 0.4)
    network = _network(rng, last_layer)
    encoding = ["binary", "levels-3", "levels-8", "ticks", "ticks"][rng.integers(5)]
    network = dataclasses.replace(network, encoding=encoding)
    shape = count, network.n_inputs
    active = rng.random(shape) < rng.choice([0.2, 0.6, 0.95], (count, 1))
    if encoding == "ticks":
        last = rng.choice([network.unit, 3 * network.unit, network.deadline], (count, 1))
        ticks = active * rng.integers(1, last, shape, endpoint=True)
    else:
        levels = rng.integers(0, 256, shape) if network.levels > 2 else 255
        ticks = encode(network, (active * levels).astype(np.uint8))
    labels = rng.integers(UNLABELLED, network.shape[-1], count)
    stored_bits = int(rng.choice([8, 10]))
    state = LearningState.of(network, stored_bits, 1 + number, last_layer=last_layer)
    settings = Settings(
        int(rng.integers(1, 8)),
        *(int(one) for one in rng.integers(0, 3, 2)),
        bool(rng.random() < 0.5),
        int(rng.integers(0, 8)),
        int(rng.choice([2, 9, 60])),
    )
    groups = rng.choice([1, 2, 3, 6, 60], network.n_layers)
    lanes = tuple(
        int(min(64, -(-kind.columns // of_layer)))
        for kind, of_layer in zip(network.layers, groups, strict=True)
    )
    folding = Folding.of(network, CoreShape(lanes, int(rng.integers(0, 5))))
    return state, ticks.astype(np.int32), labels, settings, folding


def check_random_core(number: int, count: int) -> None:
    """Compare `count` images on the generated core with golden: weights, decisions and cycles."""
    state, ticks, labels, settings, folding = random_core(number, count)
    run = learn_on_rtl(state, ticks, labels, settings, folding)
    learned = learn(state, ticks, labels, settings, trace=True)
    expected = learning_cycles(state.network, ticks, learned, folding, last_layer=state.last_layer)
    found = list(differences(expected, run))
    assert not found, f"{len(found)} differences, the first: {found[0]}"


@pytest.mark.parametrize(
    ("number", "pauses"),
    [
        *((number, False) for number in (8, 11, 14, 21)),  # small ones; in 14, END is late
        # The last layer learns behind several layers, also such that convolve.
        *(pytest.param(number, True, marks=pytest.mark.long) for number in (11, 22, 24)),
        pytest.param(25, False, marks=pytest.mark.long),
    ],
)
def test_a_random_core_that_learns(number, pauses):
    assert learned_alike(*random_core(number, 30), pauses).updated.any()


@pytest.mark.long
@pytest.mark.parametrize("number", range(100, 110))
def test_many_images_of_a_random_core_that_learns(number):
    check_random_core(number, 500)
