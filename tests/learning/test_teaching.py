# SPDX-License-Identifier: BSD-2-Clause
"""Taught words: what is in the replay memory, and what the last layer learns from it."""

import dataclasses

import numpy as np
import pytest

from firstspike.golden import (
    LearningError,
    LearningState,
    Network,
    Settings,
    Teacher,
    encode,
    learn,
)
from firstspike.golden.learning.teaching import PASSES, SETTINGS, ReplayContent
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from tests.learning.test_last_layer import deep_network, inputs_of
from tests.support.learning_images import learned_alike

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


@pytest.mark.long
def test_hardware_learns_the_passes_of_a_word():
    network = deep_network()
    teacher, ticks, labels = taught(network, CAPACITY)
    passes = np.tile(ticks, (PASSES, 1)), np.tile(labels, PASSES)
    state, folding = teacher.state.copy(), Folding.of(network, CoreShape(4, 2))
    assert learned_alike(state, *passes, SETTINGS, folding, pauses=True).updated.any()
