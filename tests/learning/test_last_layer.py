# SPDX-License-Identifier: BSD-2-Clause
"""The last layer learns behind hidden layers that keep their weights: rule, file and teacher."""

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
    Teacher,
    differences,
    encode,
    infer,
    learn,
)
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.golden.learning.teaching import ReplayContent
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import MAX_ADDRESSES, CoreConfig
from firstspike.sim.harness.networks import network_of

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


# Taught words: what is in the replay memory, and what the last layer learns from it.

REFERENCES, CAPACITY, WORDS = 2, 3, 5


def taught(network: Network, words: int = WORDS) -> tuple[Teacher, np.ndarray, np.ndarray]:
    """Return a teacher of some words, and the pictures, references first, with their classes."""
    ticks, _ = inputs_of(network, REFERENCES + words)
    labels = np.arange(len(ticks)) % network.shape[-1]
    teacher = Teacher(network, (ticks[:REFERENCES], labels[:REFERENCES]), CAPACITY)
    for word in range(REFERENCES, len(ticks)):
        teacher.teach(ticks[word], int(labels[word]))
    return teacher, ticks, labels


def test_every_word_is_followed_by_passes_over_the_memory():
    """The memory has the references and the latest words; word n is at address n mod CAPACITY."""
    network = deep_network()
    teacher, ticks, labels = taught(network)
    expected = LearningState.of(network, 12, last_layer=True)
    expected.generator = 0xACE1
    settings = Settings(output_draw=1, margin_shift=2)
    memories = [[0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4], [0, 1, 5, 3, 4], [0, 1, 5, 6, 4]]
    for memory in memories:
        for picture in memory * 4:
            learn(expected, ticks[[picture]], labels[[picture]], settings)
    assert teacher.count == WORDS
    assert np.array_equal(teacher.state.weights[0], expected.weights[0])
    assert teacher.state.generator == expected.generator
    start = LearningState.of(network, 12, last_layer=True).weights[0]
    assert not np.array_equal(expected.weights[0], start)
    assert np.array_equal(teacher.network.weights[-1], expected.weights[0] >> 4)


def test_a_wrong_word_is_not_stored():
    network = deep_network()
    teacher, ticks, labels = taught(network, 1)
    with pytest.raises(LearningError, match="labels has 4: give class numbers"):
        teacher.teach(ticks[0], 4)
    teacher.teach(ticks[0], 0)
    other, _, _ = taught(network, 1)
    other.teach(ticks[0], 0)
    assert np.array_equal(teacher.state.weights[0], other.state.weights[0])
    with pytest.raises(LearningError, match="the capacity is 0: it must be an integer from 1 on"):
        Teacher(network, (ticks, labels), 0)


def test_labels_are_names_where_classes_are_named_by_numbers():
    """Also by a label that is the number of `UNLABELLED`, if it is the name of a class."""
    network = deep_network()
    ticks, _ = inputs_of(network, 12)
    start = LearningState.of(network, last_layer=True).weights[0]
    outputs = np.arange(12) % 4
    for names in ((-1, 10, 20, 30), ("3", "2", "1", "0"), ("a", "b", "c", "d")):
        named = dataclasses.replace(network, classes=tuple(map(str, names)))
        labels = np.array(names)[outputs]
        assert named.output_indices(labels).tolist() == outputs.tolist()
        states = [LearningState.of(one, last_layer=True) for one in (network, named)]
        for state, given in zip(states, (outputs, labels), strict=True):
            learn(state, ticks, given, Settings())
        teachers = [
            Teacher(one, (ticks[:4], given[:4]), 2)
            for one, given in ((network, outputs), (named, labels))
        ]
        for teacher, given in zip(teachers, (outputs, labels), strict=True):
            for word in range(4, 7):
                teacher.teach(ticks[word], given[word])
        for plain, other in (states, (one.state for one in teachers)):
            assert np.array_equal(plain.weights[0], other.weights[0])
            assert not np.array_equal(plain.weights[0], start)


@pytest.mark.parametrize("classes", [(), ("2", "3", "1", "0")])
def test_the_replay_memory_of_a_board_is_the_same(classes):
    network = dataclasses.replace(deep_network(), encoding="levels-5", classes=classes)
    pixels = np.random.default_rng(3).integers(0, 256, (3, network.n_inputs)).astype(np.uint8)
    content = ReplayContent(pixels[:2], np.array([3, 1]), CAPACITY)
    assert content.addresses == 2 + CAPACITY
    teacher = content.teacher(network)
    teacher.teach(encode(network, pixels[2:])[0], network.class_name(2))
    pictures, labels = teacher.memory
    assert np.array_equal(pictures, encode(network, pixels))
    assert labels.tolist() == [3, 1, 2]
    with pytest.raises(LearningError, match="there are 2 references and 1 classes"):
        ReplayContent(pixels[:2], np.array([3]), CAPACITY)
    with pytest.raises(LearningError, match="the capacity is 0"):
        ReplayContent(pixels, np.zeros(3), 0)
