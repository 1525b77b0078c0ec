# SPDX-License-Identifier: BSD-2-Clause
"""Cores that learn, of every shape, against the golden rule: weights, decisions and cycles.

Small random networks on Amaranth's simulator. Every pair of values of two parameters occurs.
"""

import dataclasses

import numpy as np
import pytest

from firstspike.golden import NetworkError, bundled_test_set, differences, encode
from firstspike.golden.learning.course import settings_at
from firstspike.golden.learning.learn import learn
from firstspike.golden.learning.rule import UNLABELLED, Settings
from firstspike.golden.learning.state import LearningState
from firstspike.golden.results import joined
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.layer import SERIALISER_BLOCK
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.sim.benches.core.learning import learn_on_rtl
from tests.support.learning_images import learned_alike, random_state
from tests.support.shapes import pairwise
from tests.support.simulators import sampled

SHAPES = pairwise(
    {
        "sizes": [(20, 13, 5), (9, 40, 3), (33, 17, 1), (1, 5, 2), (12, 1, 3), (28, 36, 7)],
        "lanes": [1, 3, 4, 16, 100],
        "window": [0, 1, 3, 4],
        "bits": [8, 10],
        "unit": [3, 16, 64],
        "slack": [0, 5],
        "thresholds": [(4, 3), (40, 30), (150, 9)],
        "step": [1, 4, 15],
        "draws": [(0, 0), (1, 0), (0, 2), (2, 1)],
        "margin": [(3, 2), (0, 2), (7, 9), (2, 200)],
        "every_competitor": [False, True],
        "extreme": [False, True],
        "encoding": ["binary", "levels-5", "ticks"],
        "pauses": [False, True],
    }
)


def make_state(config: dict, seed: int) -> LearningState:
    """Random weights; where `extreme`, about to saturate."""
    unit = config["unit"]
    state = random_state(
        config["sizes"],
        config["bits"],
        seed,
        thresholds=config["thresholds"],
        unit=unit,
        deadline=6 * unit + config["slack"],
        encoding=config["encoding"],
    )
    if config["extreme"]:
        highest = (1 << config["bits"] - 1) - 1
        for weights in state.weights:
            weights[:] = np.where(weights > 0, highest - 3, weights)
            weights[:, ::3] = np.where(weights[:, ::3] <= 0, -highest + 3, weights[:, ::3])
    return state


def random_samples(network, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random samples of a network: pixels, dark ones too, or spike ticks, silent ones too."""
    shape = count, network.n_inputs
    active = rng.random(shape) < 0.5
    if network.encoding == "ticks":
        return active * rng.integers(1, network.deadline, shape, endpoint=True)
    return (active * (255 if network.levels == 2 else rng.integers(0, 256, shape))).astype(np.uint8)


@pytest.mark.parametrize("number", sampled(range(len(SHAPES)), 18))
def test_weights_and_cycles(number):
    config = SHAPES[number]
    rng = np.random.default_rng(number)
    state = make_state(config, number)
    *_, n_out = config["sizes"]
    samples = random_samples(state.template, 5, rng)
    labels = rng.integers(UNLABELLED, n_out, len(samples))
    folding = Folding.of(state.network, CoreShape(config["lanes"], config["window"]))
    settings = Settings(
        config["step"], *config["draws"], config["every_competitor"], *config["margin"]
    )
    ticks = encode(state.network, samples)
    learned_alike(state, ticks, labels, settings, folding, config["pauses"], number)


@pytest.mark.long
def test_masks_that_wait_when_an_image_is_decided():
    """Most neurons spike just behind the margin, in groups of more lanes than are searched at once.

    Their masks wait for the serialiser when the image is decided, and its end waits behind them.
    """
    rng = np.random.default_rng(3)
    lanes = SERIALISER_BLOCK + 1
    state = random_state((6, 6 * lanes, 3), 8, 1, thresholds=(100, 20), unit=16, deadline=96)
    early = np.arange(6 * lanes) < 8
    state.weights[0][:] = rng.integers(20, 90, state.weights[0].shape) + 30 * early
    state.weights[1][:] = np.where(early[:, None], [30, -5, -5], rng.integers(-9, 3, 3))
    pixels = (rng.random((12, 6)) < 0.7).astype(np.uint8) * 255
    ticks, labels = encode(state.network, pixels), np.full(len(pixels), UNLABELLED)
    folding = Folding.of(state.network, CoreShape(lanes))
    learned_alike(state, ticks, labels, Settings(), folding)


def test_what_no_core_learns():
    state = LearningState.random((20, 13, 5), 8, 1)
    network = state.network
    deep = dataclasses.replace(
        network,
        weights=(*network.weights, np.ones((5, 3), np.int32)),
        weight_bits=(8,) * 3,
        thresholds=(9,) * 3,
    )
    for other, stored_bits, words in ((deep, 8, "2 hidden layers"), (network, 7, "stores 8 to")):
        with pytest.raises(NetworkError, match=words):
            CoreConfig.of(other, Folding.of(other), stored_bits=stored_bits)


# Cores that learn real digits from random weights, one of full size, equal to golden.

COUNT = 240
RUN = 60_000  # images, so that the first ones are learned with the largest steps


@pytest.mark.parametrize(
    ("hidden", "stored_bits"),
    [
        pytest.param(100, 8, marks=pytest.mark.thorough),
        pytest.param(600, 10, marks=pytest.mark.long),
    ],
)
def test_learns_as_golden_does(hidden, stored_bits):
    """One rival at first, then every competitor with the settings of the end of a run."""
    state = LearningState.random((784, hidden, 10), stored_bits, seed=stored_bits)
    network, folding = state.network, Folding.of(state.network)
    pixels, labels = bundled_test_set()
    ticks, labels = encode(network, pixels[:COUNT]), labels[:COUNT].astype(int)
    settings = {
        0: settings_at(stored_bits, 0, RUN),
        COUNT // 3: settings_at(stored_bits, 0, RUN, every_competitor=True),
        2 * COUNT // 3: settings_at(stored_bits, RUN - 1, RUN, every_competitor=True),
    }
    run = learn_on_rtl(state, ticks, labels, settings, folding)
    ends = [*list(settings)[1:], COUNT]
    parts = [
        learn(state, ticks[first:end], labels[first:end], how, trace=True)
        for (first, how), end in zip(settings.items(), ends, strict=True)
    ]
    learned = joined(parts)
    assert 0 < learned.forced.sum() < learned.updated.sum() < COUNT
    assert run.weights is not None
    assert not list(differences(learning_cycles(network, ticks, learned, folding), run))
    assert np.any(state.weights[0] >> stored_bits - 8 != network.weights[0])
