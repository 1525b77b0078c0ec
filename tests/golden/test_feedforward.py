# SPDX-License-Identifier: BSD-2-Clause
"""Float networks against the single neuron and finite differences; the kernels against both."""

import re
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstspike.golden import neuron
from firstspike.golden.training.optimiser import cross_entropy
from tests.support.feedforward import FeedForward, layer_times

pytestmark = pytest.mark.fast

HORIZON = 1e9  # so late that the kernels, which have a horizon, let every neuron fire


def random_layer(seed, n=6, n_in=12, n_out=9):
    """Input times with ties and silent inputs, and weights that leave some neurons silent."""
    rng = np.random.default_rng(seed)
    z = np.round(rng.uniform(1, 4, (n, n_in)), 1)
    z[rng.random((n, n_in)) < 0.2] = np.inf
    return z, rng.normal(0.2, 0.5, (n_in, n_out))


@pytest.mark.parametrize("seed", range(5))
def test_layer_times_equal_the_single_neuron(seed):
    z, W = random_layer(seed)
    z_out, slope = layer_times(z, W)
    assert np.isinf(z_out).any()
    assert np.isfinite(z_out).any()
    for image in range(len(z)):
        for o in range(W.shape[1]):
            expected = neuron.spike(z[image], W[:, o])
            assert z_out[image, o] == pytest.approx(expected.z, rel=1e-9)
            if expected.causal.any():
                B = W[expected.causal, o].sum()
                assert slope[image, o] == pytest.approx(B - 1, rel=1e-9, abs=1e-12)


def squared_lateness(z_out, labels):
    """A cost other than the default: the label's neuron is to fire at z = 1, all others at 3."""
    aim = np.full(z_out.shape, 3.0)
    aim[np.arange(len(labels)), labels] = 1
    error = np.where(np.isfinite(z_out), z_out - aim, 0)
    return (error**2).sum(axis=1) / 2, error


@pytest.mark.parametrize("cost", [cross_entropy, squared_lateness])
@pytest.mark.parametrize("sizes", [(8, 4), (8, 10, 4), (8, 10, 9, 4), (8, 10, 9, 8, 4)])
def test_gradients_equal_finite_differences(sizes, cost):
    rng = np.random.default_rng(len(sizes))
    weights = [rng.normal(2.5 / n_in, 2.5 / n_in, (n_in, n_out)) for n_in, n_out in pairwise(sizes)]
    z_in, labels = rng.uniform(1, 2, (5, sizes[0])), rng.integers(0, sizes[-1], 5)
    network = FeedForward(weights)
    z_out = network.forward(z_in)[-1]
    reached = np.isfinite(z_out).any(axis=1) & np.isfinite(z_out[np.arange(5), labels])
    z_in, labels = z_in[reached], labels[reached]
    assert len(labels) > 0
    _, gradients = network.cost_gradient(z_in, labels, cost)
    step = 1e-6
    for layer, W in enumerate(network.weights):
        for _ in range(20):
            at = tuple(rng.integers(0, W.shape))
            values = []
            for sign in (1, -1):
                W[at] += sign * step
                values.append(network.cost_gradient(z_in, labels, cost)[0])
                W[at] -= sign * step
            expected = (values[0] - values[1]) / (2 * step)
            assert gradients[layer][at] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_cross_entropy_is_that_of_the_softmax():
    z = np.array([[1.0, 1.2, np.inf], [2.0, 1.5, 1.6]])
    value, gradient = cross_entropy(z, np.array([0, 2]), beta=3, phantom=1.4)
    with_phantom = np.exp(-3 * np.column_stack([z, [1.4, 1.4]]))
    p = with_phantom / with_phantom.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(value, -np.log(p[[0, 1], [0, 2]]))
    expected = -3 * p[:, :3]
    expected[[0, 1], [0, 2]] += 3
    np.testing.assert_allclose(gradient, expected)


def test_cross_entropy_of_a_silent_label_is_infinite():
    z = np.array([[np.inf, 1.0], [np.inf, np.inf]])
    value, gradient = cross_entropy(z, np.array([0, 1]))
    assert np.isinf(value).all()
    assert np.isfinite(gradient).all()
    assert gradient[0, 0] == 0


# The neuron against finite differences and exact fractions.


def exact_spike(z: list[float], w: list[float], number: int) -> Fraction | None:
    """The first z at which M crosses zero, walking from input to input in exact fractions."""
    inputs = sorted((Fraction(a), Fraction(b)) for a, b in zip(z, w, strict=True) if a < np.inf)
    M, slope, now = Fraction(0), Fraction(-number), Fraction(0)
    for time, weight in inputs:
        if slope > 0 and M + slope * (time - now) >= 0:
            return now - M / slope
        M += slope * (time - now)
        slope += weight
        now = time
    return now - M / slope if slope > 0 else None


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_derivatives_equal_finite_differences(seed, number):
    rng = np.random.default_rng(seed)
    z, w = rng.uniform(1, 4, 10), rng.normal(0.5, 0.4, 10)
    actual = neuron.spike(z, w, number)
    assert np.isfinite(actual.z)
    step = 1e-6
    for p in range(len(z)):
        nudge = step * (np.arange(len(z)) == p)
        by_w = neuron.spike(z, w + nudge, number).z - neuron.spike(z, w - nudge, number).z
        by_z = neuron.spike(z + nudge, w, number).z - neuron.spike(z - nudge, w, number).z
        assert actual.dz_dw[p] == pytest.approx(by_w / (2 * step), rel=1e-4, abs=1e-6)
        assert actual.dz_dz[p] == pytest.approx(by_z / (2 * step), rel=1e-4, abs=1e-6)


# Few distinct times make ties; weights in 64ths keep float sums exact, so that the two agree.
times = st.sampled_from([0.25, 1.0, 1.5, 2.0, 3.0, 6.0, np.inf])
weights = st.integers(-200, 200).map(lambda k: k / 64) | st.sampled_from([2.0**20, -(2.0**20)])
inputs = st.lists(st.tuples(times, weights), min_size=1, max_size=12)


@given(inputs, st.integers(1, 4))
def test_spike_equals_exact_fractions_with_ties_and_silent_inputs(inputs, number):
    z, w = map(list, zip(*inputs, strict=True))
    actual = neuron.spike(z, w, number)
    expected = exact_spike(z, w, number)
    if expected is None:
        assert actual.z == np.inf
        assert not actual.causal.any()
        assert not actual.dz_dw.any()
        assert not actual.dz_dz.any()
    else:
        assert actual.z == pytest.approx(float(expected), rel=1e-12)
        assert actual.causal.tolist() == [time < expected for time in z]


any_time = st.floats(1e-6, 1e6) | st.just(np.inf)
any_weight = st.floats(-1e9, 1e9) | st.floats(-1e-9, 1e-9)


@given(st.lists(st.tuples(any_time, any_weight), min_size=1, max_size=12))
def test_huge_and_tiny_weights_keep_the_spike_after_its_causes(inputs):
    z, w = (np.array(column) for column in zip(*inputs, strict=True))
    actual = neuron.spike(z, w)
    assert actual.z > 0
    assert (z[actual.causal] <= actual.z).all()
    assert not (np.isinf(actual.z) and actual.causal.any())
    assert np.isfinite(actual.dz_dw).all()
    assert (actual.dz_dw <= 0).all()  # more weight from a cause never makes it later
    alone = actual.causal
    if alone.any():  # the causes alone make the same spike
        assert neuron.spike(z[alone], w[alone]).z == actual.z


@pytest.mark.parametrize(
    ("z", "w", "number", "words"),
    [
        ([1.0], [1.0, 2.0], 1, "z is [1] and w [2]: give one time and one weight an input."),
        ([0.0], [2.0], 1, "times z = exp(t) must be positive (inf for silent), weights finite."),
        ([np.nan], [2.0], 1, "times z = exp(t) must be positive (inf for silent), weights finite."),
        ([1.0], [np.inf], 1, "times z = exp(t) must be positive (inf for silent), weights finite."),
        ([1.0, 2.0], [1e308, 1e308], 1, "the sums of w and of w z overflow: give smaller weights"),
        ([1.0], [2.0], 0, "spike number 0 is asked for: give 1 for the first, and so on."),
    ],
)
def test_refuses(z, w, number, words):
    with pytest.raises(neuron.NeuronError, match=re.escape(words)):
        neuron.spike(np.array(z), np.array(w), number)
