# SPDX-License-Identifier: BSD-2-Clause
"""Early deadlines and faults do to a network what they say."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from firstspike.golden import bundled_test_set, encode, infer, load_network, potentials
from firstspike.golden.faults import decide_by, flip, jitter, kill
from tests.support.strategies import networks_with_ticks

pytestmark = pytest.mark.fast


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
