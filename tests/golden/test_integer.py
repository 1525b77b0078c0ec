# SPDX-License-Identifier: BSD-2-Clause
"""The integer model: the fast path, the tick by tick definition and the closed form agree."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firstspike.golden import (
    EncodingError,
    Network,
    bundled_test_set,
    encode,
    infer,
    load_network,
    potentials,
)
from firstspike.golden.faults import decide_by, flip, jitter, kill
from firstspike.golden.network import LARGEST
from tests.support.strategies import infer_tick_by_tick, networks_with_ticks

pytestmark = pytest.mark.fast


def one_layer(weights, threshold=1, unit=1, deadline=6, **fields) -> Network:
    weights = np.array(weights)
    inputs = np.arange(len(weights))
    return Network((weights,), (8,), (threshold,), unit, deadline, len(inputs), inputs, **fields)


@settings(max_examples=300)
@given(networks_with_ticks())
def test_infer_equals_the_definition(network_and_ticks):
    fast, slow = infer(*network_and_ticks), infer_tick_by_tick(*network_and_ticks)
    for name in ("decision", "tick", "forced", "spikes_in", "input_spikes", "hidden_spikes"):
        assert np.array_equal(getattr(fast, name), getattr(slow, name)), name
    for name in ("hidden", "later"):
        for one, other in zip(getattr(fast, name), getattr(slow, name), strict=True):
            assert np.array_equal(one, other), name


def closed_form(weights, ticks, threshold, deadline, L=1) -> int:
    """The L-th spike tick of a neuron: the smallest ceil(A / (B - L threshold)), in whole numbers.

    Over the causal prefixes: all events before the spike and none at its tick or later.
    """
    spikes = sorted((t, w) for t, w in zip(ticks, weights, strict=True) if t)
    crossings = []
    for n in range(len(spikes) + 1):
        A = sum(t * w for t, w in spikes[:n])
        B = sum(w for _, w in spikes[:n])
        if L * threshold >= B:
            continue
        z = -(-A // (B - L * threshold))
        z = max(z, spikes[n - 1][0] + 1)
        if z <= deadline and (n == len(spikes) or z <= spikes[n][0]):
            crossings.append(z)
    return min(crossings, default=0)


@st.composite
def neurons(draw):
    n_in = draw(st.integers(1, 8))
    deadline = draw(st.sampled_from([12, 40, LARGEST]))
    weights = draw(st.lists(st.integers(-128, 127), min_size=n_in, max_size=n_in))
    late = st.integers(1, deadline)
    ticks = draw(st.lists(st.one_of(st.just(0), late), min_size=n_in, max_size=n_in))
    threshold = draw(st.one_of(st.integers(1, 200), st.just(LARGEST)))
    return weights, ticks, threshold, deadline


@given(neurons(), st.integers(1, 4))
def test_spikes_are_where_the_closed_form_puts_them(neuron, max_spikes):
    weights, ticks, threshold, deadline = neuron
    network = Network(  # a hidden neuron, so that all its spikes are kept, and any output
        (np.array(weights)[:, None], np.array([[1]])),
        (8, 2),
        (threshold, 1),
        1,
        deadline,
        len(weights),
        np.arange(len(weights)),
        max_spikes=max_spikes,
    )
    inference = infer(network, np.array([ticks]))
    actual = [inference.hidden[0][0, 0], *inference.later[0][0, 0]]
    expected = [closed_form(weights, ticks, threshold, deadline, L + 1) for L in range(max_spikes)]
    assert actual == expected


@given(networks_with_ticks())
def test_the_decision_is_what_the_membranes_say(network_and_ticks):
    network, ticks = network_and_ticks
    inference = infer(network, ticks)
    for image, row in enumerate(ticks):
        M = potentials(network, row)[-1]
        fires = np.flatnonzero((M[1:] >= 0).any(1)) + 1
        tick = fires[0] if len(fires) else network.deadline
        assert inference.tick[image] == tick
        assert inference.forced[image] == (len(fires) == 0)
        assert inference.decision[image] == np.argmax(M[tick])  # argmax: the lower index of equals


def test_a_neuron_may_fire_at_the_deadline():
    # M(z) = 6 (z - 1) - 5 z is 0 at z = 6
    inference = infer(one_layer([[-1, 6]], threshold=5, deadline=6), np.array([[1]]))
    assert (inference.decision[0], inference.tick[0]) == (1, 6)
    assert not inference.forced[0]
    # M(z) = 7 (z - 1) - 6 z is 0 at z = 7, which is too late, but the largest
    inference = infer(one_layer([[-1, 7]], threshold=6, deadline=6), np.array([[1]]))
    assert (inference.decision[0], inference.tick[0]) == (1, 6)
    assert inference.forced[0]


@given(networks_with_ticks(max_spikes=1))
def test_a_spike_reaches_the_next_layer_at_its_tick(network_and_ticks):
    network, ticks = network_and_ticks
    full_run = infer(network, ticks)
    for layer, hidden in enumerate(full_run.hidden, start=1):
        rest = Network(
            network.weights[layer:],
            network.weight_bits[layer:],
            network.thresholds[layer:],
            network.unit,
            network.deadline,
            hidden.shape[1],
            np.arange(hidden.shape[1]),
        )
        part = infer(rest, hidden)
        assert np.array_equal(part.decision, full_run.decision)
        assert np.array_equal(part.tick, full_run.tick)
        assert np.array_equal(part.spikes_in, full_run.spikes_in[:, layer:])


@given(networks_with_ticks())
def test_figures_until_the_decision(network_and_ticks):
    network, ticks = network_and_ticks
    inference = infer(network, ticks)
    lookups = inference.lookups(network)
    for image, row in enumerate(ticks):
        tick = inference.tick[image]
        spikes = inference.spikes(image)
        assert spikes == sorted(spikes)
        assert all(0 < t < tick for _, t, _ in spikes)
        assert inference.hidden_spikes[image] == len(spikes)
        assert inference.input_spikes[image] == np.count_nonzero((row > 0) & (row < tick))
        assert lookups[image, 0] == inference.input_spikes[image] / network.n_inputs
        for layer, size in enumerate(network.shape[1:-1]):
            neurons_seen = {neuron for at, _, neuron in spikes if at == layer}
            assert lookups[image, layer + 1] == len(neurons_seen) / size
        for layer, t, neuron in spikes:
            ticks_of_neuron = [inference.hidden[layer][image, neuron]]
            assert t in ticks_of_neuron + inference.later[layer][image, neuron].tolist()


def test_no_images():
    inference = infer(one_layer([[1, 2]]), np.zeros((0, 1), np.int32))
    assert inference.decision.shape == inference.hidden_spikes.shape == (0,)
    assert inference.spikes_in.shape == (0, 1)
    assert one_layer([[1, 2]]).predict_ticks(np.zeros((0, 1), np.uint8)).shape == (0,)


@pytest.mark.parametrize(
    ("ticks", "message"),
    [
        (np.zeros((1, 2), np.int32), "[images, 1], one for each connected input."),
        (np.zeros(1, np.int32), "[images, 1], one for each connected input."),
        (np.zeros((1, 1)), "the ticks are float64 [1, 1]: this network takes integers [images,"),
        (np.array([[-1]]), "the ticks go from -1 to -1: they must be in 1..6, the deadline, or 0"),
        (np.array([[7]]), "the ticks go from 7 to 7: they must be in 1..6, the deadline, or 0 for"),
    ],
)
def test_ticks_that_do_not_fit_are_refused(ticks, message):
    network = one_layer([[1, 2]])
    with pytest.raises(EncodingError, match=re.escape(message)):
        infer(network, ticks)


# Early deadlines and faults do to a network what they say.


@given(networks_with_ticks(max_spikes=1), st.data())
def test_an_early_deadline_takes_the_largest_potential_of_that_tick(drawn, data):
    network, ticks = drawn
    assume(network.n_layers > 1)
    inference = infer(network, ticks)
    deadline = data.draw(st.integers(1, network.deadline))
    for image, decision in enumerate(decide_by(network, inference, deadline)):
        M = potentials(network, ticks[image])[-1]
        if inference.tick[image] <= deadline:
            assert decision == inference.decision[image]
        else:
            assert decision == M[deadline].argmax()


@given(st.floats(0, 1), st.integers(0, 9))
def test_flips_invert_the_fraction_asked_for(fraction, seed):
    pixels = np.random.default_rng(1).integers(0, 256, (100, 100), np.uint8)
    flipped = flip(pixels, fraction, np.random.default_rng(seed))
    assert flipped.dtype == np.uint8
    inverted = flipped != pixels  # 255 - p is never p
    assert (flipped[inverted] == 255 - pixels[inverted]).all()
    assert abs(inverted.mean() - fraction) < 0.05


@given(networks_with_ticks(), st.integers(0, 9), st.integers(0, 9))
def test_jitter_moves_spikes_within_its_bounds_and_makes_none(drawn, most, seed):
    network, ticks = drawn
    moved = jitter(network, ticks, most, np.random.default_rng(seed))
    assert ((moved > 0) == (ticks > 0)).all()
    assert (abs(moved - ticks) <= most).all()
    assert moved.max(initial=0) <= network.deadline


def test_jitter_spreads_over_all_its_ticks():
    network = load_network("mnist-4bit")
    ticks = np.full((100, len(network.inputs)), network.unit, np.int32)
    moved = jitter(network, ticks, 2, np.random.default_rng(1)) - ticks
    assert set(np.unique(moved)) == {-2, -1, 0, 1, 2}
    assert abs(moved.mean()) < 0.1


def test_dead_neurons_never_fire_and_the_others_do_as_before():
    network = load_network("mnist-8bit")
    ticks = encode(network, bundled_test_set()[0][:200])
    before = infer(network, ticks).hidden[0]
    shares = []
    for fraction in (0.0, 0.3, 1.0):
        hurt = kill(network, fraction, np.random.default_rng(1))
        alive = hurt.weights[0].any(0)
        after = infer(hurt, ticks).hidden[0]
        assert not after[:, ~alive].any()
        assert (after[:, alive] == before[:, alive]).all()
        shares.append(alive.mean())
    assert all(a > b for a, b in itertools.pairwise(shares))
    assert shares[-1] == 0
