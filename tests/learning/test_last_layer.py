# SPDX-License-Identifier: BSD-2-Clause
"""The last layer learns behind hidden layers that keep their weights: golden, file and hardware."""

import dataclasses
import itertools

import numpy as np
import pytest

from firstspike.golden import (
    LearningError,
    LearningState,
    Network,
    NetworkError,
    Settings,
    differences,
    encode,
    infer,
    learn,
)
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import MAX_ADDRESSES, CoreConfig
from firstspike.sim.harness.networks import network_of
from tests.support.learning_images import learned_alike
from tests.support.shapes import convolving_network
from tests.support.simulators import sampled

SETTINGS = Settings(row_draw=2, output_draw=1, every_competitor=True)


def deep_network(sizes=(14, 9, 12, 4), thresholds=(60, 90, 40)) -> Network:
    rng = np.random.default_rng(2)
    shapes = itertools.pairwise(sizes)
    weights = [rng.integers(-20, 50, shape) for shape in shapes]
    return network_of(weights, thresholds, bits=8, unit=8, deadline=50)


def inputs_of(network: Network, count: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Spike ticks of random samples, and labels; some are to be classified only."""
    rng = np.random.default_rng(4)
    pixels = (rng.random((count, network.n_inputs)) < 0.6) * rng.integers(
        128, 256, (count, network.n_inputs)
    )
    return encode(network, pixels.astype(np.uint8)), rng.integers(
        UNLABELLED, network.shape[-1], count
    )


def test_learns_as_the_rule_does_with_fixed_input_weights():
    """Without draws for input rows, the rule for both layers draws the same for the output rows."""
    network = deep_network((14, 12, 4), (60, 40))
    ticks, labels = inputs_of(network, 30)
    settings = dataclasses.replace(SETTINGS, row_draw=0)
    only_last = LearningState.of(network, 10, 1, last_layer=True)
    both = LearningState.of(network, 10, 1)
    fixed = both.weights[0].copy()
    found = learn(only_last, ticks, labels, settings, trace=True)
    for image in range(len(ticks)):
        expected = learn(both, ticks[[image]], labels[[image]], settings, trace=True)
        both.weights[0][:] = fixed
        one = found.select(np.arange(len(ticks)) == image)
        assert not list(differences(dataclasses.replace(expected, weights=None), one))
    assert found.updated.any()
    assert not found.updated.all()
    assert np.array_equal(only_last.weights[0], both.weights[1])
    assert only_last.generator == both.generator
    assert np.array_equal(only_last.network.weights[0], network.weights[0])


def test_the_first_hidden_layer_is_an_encoding():
    """A deep network learns as one without the first hidden layer, whose spikes are the inputs."""
    network = deep_network()
    ticks, labels = inputs_of(network)
    deep = LearningState.of(network, 8, 1, last_layer=True)
    spikes = infer(network, ticks).known_hidden()[0]
    rest = dataclasses.replace(
        network,
        weights=network.weights[1:],
        weight_bits=network.weight_bits[1:],
        thresholds=network.thresholds[1:],
        n_inputs=network.shape[1],
        inputs=np.arange(network.shape[1]),
        encoding="ticks",
    )
    shallow = LearningState.of(rest, 8, 1, last_layer=True)
    found = learn(deep, ticks, labels, SETTINGS)
    expected = learn(shallow, spikes, labels, SETTINGS)
    assert np.array_equal(found.decision, expected.decision)
    assert np.array_equal(found.spikes_in[:, 1:], expected.spikes_in)
    assert np.array_equal(deep.weights[0], shallow.weights[0])


def test_a_state_is_saved_and_read(tmp_path):
    state = LearningState.of(deep_network(), 10, 3, last_layer=True)
    state.weights[0][0] += 1
    state.save(tmp_path / "a.npz")
    read = LearningState.load(tmp_path / "a.npz", state.network)
    assert read.last_layer
    assert read.generator == state.generator
    assert np.array_equal(read.weights[0], state.weights[0])


def test_what_is_refused():
    network = deep_network()
    state = LearningState.of(network, last_layer=True)
    ticks, labels = inputs_of(network)
    with pytest.raises(LearningError, match="for the last layer only"):
        LearningState.of(network)
    with pytest.raises(LearningError, match="cannot be killed"):
        state.kill(0.5, np.random.default_rng(1))
    with pytest.raises(LearningError, match="only the last layer"):
        learn(state, ticks, labels, SETTINGS, exact=True)
    wide = deep_network((2, MAX_ADDRESSES + 1, 2), (9, 9))
    with pytest.raises(NetworkError, match=f"at most {MAX_ADDRESSES} inputs"):
        CoreConfig.of(wide, Folding.of(wide), stored_bits=8, last_layer=True)


NETWORKS = {
    "deep": deep_network(),
    "deep, several ticks": dataclasses.replace(deep_network(), encoding="levels-5"),
    "convolving": dataclasses.replace(convolving_network(1), thresholds=(9, 20, 12, 9)),
}


@pytest.mark.parametrize("pauses", sampled([False, True], 2))
@pytest.mark.parametrize("name", sampled([*NETWORKS], 3))
def test_hardware_learns_as_golden_does(name, pauses):
    network = NETWORKS[name]
    state = LearningState.of(network, 10, 7, last_layer=True)
    ticks, labels = inputs_of(network, 6)
    folding = Folding.of(network, CoreShape(4, 2))
    assert learned_alike(state, ticks, labels, SETTINGS, folding, pauses).updated.any()
