# SPDX-License-Identifier: BSD-2-Clause
"""The state of learning: how it begins, its file, and that it continues bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden import LearningError, LearningState, Network, Settings, infer, learn
from firstspike.golden.learning.state import _STARTS, MAX_STORED_BITS
from tests.support.command import toy_network

pytestmark = pytest.mark.fast

HOW = Settings(step=2, row_draw=1, output_draw=1)


def lesson(network: Network, n: int, seed: int = 2):
    """Ticks and labels of n random images."""
    rng = np.random.default_rng(seed)
    ticks = np.where(rng.random((n, len(network.inputs))) < 0.5, network.unit, 0)
    return ticks.astype(np.int32), rng.integers(0, network.shape[-1], n)


def assert_same(one: LearningState, other: LearningState) -> None:
    for a, b in zip(one.weights, other.weights, strict=True):
        assert a.dtype == b.dtype == np.int16
        np.testing.assert_array_equal(a, b)
    for name in ("stored_bits", "generator", "done", "meta"):
        assert getattr(one, name) == getattr(other, name)
    assert one.network.digest() == other.network.digest()


@pytest.mark.parametrize("stored_bits", range(8, MAX_STORED_BITS + 1))
def test_a_network_begins_as_it_is(stored_bits):
    network = toy_network()
    state = LearningState.of(network, stored_bits)
    assert state.network.digest() == network.digest()
    margin = (1 << stored_bits - 8) // 2  # how far all can move down until a used bit changes
    state.weights[0][:] -= margin
    assert state.network.digest() == network.digest()
    state.weights[0][0, 0] -= 1
    assert state.network.digest() != network.digest()


def test_layers_may_have_different_bits_in_use():
    network = replace(
        toy_network(), weight_bits=(8, 4), weights=[w >> 4 for w in toy_network().weights]
    )
    state = LearningState.of(network, 10)
    assert state.network.digest() == network.digest()
    assert np.abs(state.weights[1]).max() >= 1 << 6


@pytest.mark.parametrize(
    ("stored_bits", "ranges"), [(8, ((-20, 28), (-40, 56))), (10, ((-20, 36), (-39, 71)))]
)
def test_a_random_start_has_the_published_ranges(stored_bits, ranges):
    state = LearningState.random(stored_bits=stored_bits, seed=3)
    assert [(w.min(), w.max()) for w in state.weights] == list(ranges)
    assert state.network.shape == (784, 600, 10)
    assert_same(state, LearningState.random(stored_bits=stored_bits, seed=3))
    other = LearningState.random(stored_bits=stored_bits, seed=4)
    assert other.network.digest() != state.network.digest()
    assert other.generator != state.generator


@pytest.mark.parametrize("stored_bits", _STARTS)
def test_a_start_is_drawn_as_the_design_says(stored_bits):
    """Section 5: W1, W2, and then the first state of the generator; low bits in their middle."""
    state, rng = LearningState.random((30, 7, 4), stored_bits, seed=5), np.random.default_rng(5)
    for (low, high), actual in zip(_STARTS[stored_bits][1], state.weights, strict=True):
        drawn = rng.integers(low, high, actual.shape, np.int16, endpoint=True)
        np.testing.assert_array_equal(actual, drawn)
    assert state.generator == rng.integers(1, 2**16)
    state_of_network = LearningState.of(state.network, 11, seed=6)
    assert state_of_network.generator == np.random.default_rng(6).integers(1, 2**16)
    for actual, used in zip(state_of_network.weights, state.network.weights, strict=True):
        np.testing.assert_array_equal(actual, used * 8 + 4)


def test_a_random_start_of_some_inputs():
    inputs = np.array([1, 3, 7])
    network = LearningState.random((9, 5, 2), inputs=inputs, encoding="levels-4").network
    assert network.shape == (9, 5, 2)
    assert network.inputs.tolist() == inputs.tolist()
    assert network.levels == 4


def test_dead_neurons_never_fire_nor_learn():
    state = LearningState.of(toy_network(), 10)
    state.kill(0.5, np.random.default_rng(1))
    dead = ~state.weights[0].any(axis=0)
    assert 0 < dead.sum() < len(dead)
    ticks, labels = lesson(state.template, 200)
    assert learn(state, ticks, labels, HOW).updated.any()
    assert not state.weights[0][:, dead].any()
    assert not infer(state.network, ticks).hidden[0][:, dead].any()


def test_a_saved_state_continues_bit_for_bit(tmp_path):
    state = LearningState.of(toy_network(), 10, seed=5)
    state.meta = {"run": {"epochs": 3}, "curve": [1, 2]}
    ticks, labels = lesson(state.template, 100)
    learn(state, ticks[:50], labels[:50], HOW)
    state.save(tmp_path / "state.npz")
    again = LearningState.load(tmp_path / "state.npz", state.network)
    assert_same(state, again)
    for one in (state, again):
        learn(one, ticks[50:], labels[50:], HOW)
    assert_same(state, again)
    assert again.done == 100


def test_the_same_state_is_the_same_file(tmp_path):
    state = LearningState.of(toy_network())
    for meta in ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}):
        state.meta = meta
        state.save(tmp_path / next(iter(meta)))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_state_goes_with_the_network_before_and_after_but_with_no_other(tmp_path):
    before = toy_network()
    state = LearningState.of(before)
    learn(state, *lesson(before, 100), HOW)
    assert state.network.digest() != before.digest()
    path = tmp_path / "net.state.npz"
    state.save(path, beside=before)
    for network in (before, state.network, None):
        assert_same(LearningState.load(path, network), state)
    other = LearningState.of(before)
    learn(other, *lesson(before, 100, seed=3), HOW)
    with pytest.raises(LearningError, match=r"net\.state\.npz is the state of another network"):
        LearningState.load(path, other.network)
    state.save(path)
    with pytest.raises(LearningError, match="another network"):
        LearningState.load(path, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "firstspike-learning-9"}, "firstspike-learning-1"),
        ({"format": None}, "format is missing"),
        ({"stored_0": np.zeros((2, 2), np.int16)}, r"\[2, 2\]"),
        ({"stored_1": np.zeros((12, 4))}, "float64"),
        ({"stored_1": np.full((12, 4), 200)}, "allow -128..127"),
        ({"stored_1": np.zeros((12, 4), np.int16)}, "not those of the network"),
        ({"stored_1": np.int16(3)}, "stored_1"),
        ({"stored_bits": 7}, "8..12"),
        ({"stored_bits": 13}, "8..12"),
        ({"stored_bits": 8.0}, "must be one integer"),
        ({"stored_0": np.array(["a"])}, "stored_0 is <U1"),
        ({"bias": np.array(1)}, "bias is unknown"),
        ({"generator": 0}, "1..65535"),
        ({"generator": 1 << 16}, "1..65535"),
        ({"done": -1}, "done is -1: it must be in 0"),
        ({"done": True}, "must be one integer"),
        ({"meta": "{"}, "not JSON"),
        ({"meta": "[]"}, "must be a dictionary"),
        ({"network": np.zeros(9, np.uint8)}, "npz"),
        ({"beside": 3}, "must be one string"),
    ],
)
def test_a_wrong_field_is_refused(tmp_path, change, message):
    path = tmp_path / "state.npz"
    LearningState.of(toy_network()).save(path)
    with np.load(path) as file:
        fields = {name: value for name, value in (dict(file) | change).items() if value is not None}
    np.savez(path, **fields)
    with pytest.raises(LearningError, match=message) as refused:
        LearningState.load(path)
    assert "state.npz is not a valid state" in str(refused.value)


def test_networks_that_do_not_learn_are_refused():
    toy = toy_network()
    deep = replace(
        toy,
        weights=(*toy.weights, np.ones((4, 2), int)),
        weight_bits=(8, 8, 8),
        thresholds=(1, 1, 1),
    )
    with pytest.raises(LearningError, match="2 hidden layers"):
        LearningState.of(deep)
    with pytest.raises(LearningError, match="max_spikes 2"):
        LearningState.of(replace(toy, max_spikes=2))
    with pytest.raises(LearningError, match=r"8\.\.12"):
        LearningState.of(toy, 7)
    with pytest.raises(LearningError, match="8 or 10"):
        LearningState.random(stored_bits=9)
    with pytest.raises(LearningError, match="784-600-30-10 has 2 hidden"):
        LearningState.random((784, 600, 30, 10))
