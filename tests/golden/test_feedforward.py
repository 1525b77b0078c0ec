# SPDX-License-Identifier: BSD-2-Clause
"""Float networks against the single neuron and finite differences; the kernels against both."""

from itertools import pairwise

import numpy as np
import pytest

from firstspike.golden import neuron
from firstspike.golden.training import kernels
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


@pytest.mark.parametrize("seed", range(5))
def test_kernels_equal_the_reference(seed):
    z, W = random_layer(seed, n=20)
    z_out, slope = layer_times(z, W)
    found, found_slope, _ = kernels.spike_times(z, np.argsort(z), W, HORIZON)
    fired = np.isfinite(z_out)
    assert np.array_equal(np.isfinite(found), fired)
    np.testing.assert_allclose(found[fired], z_out[fired], rtol=1e-9)
    np.testing.assert_allclose(found_slope[fired], slope[fired], rtol=1e-6)

    network = FeedForward([W])
    network.forward(z)
    dz_out = np.random.default_rng(seed).normal(size=z_out.shape)
    (dW,), dz = network.backward(dz_out)
    found_dW, found_dz = np.zeros_like(W), np.empty_like(z)
    e = np.where(fired, dz_out / slope, 0)
    kernels.gradients(z, W, np.minimum(z_out, HORIZON), e, found_dW, found_dz)
    np.testing.assert_allclose(found_dW, dW, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found_dz, dz, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("horizon", [1.5, 2.0, 3.0])
def test_kernel_gives_the_potential_at_the_horizon_to_the_silent(horizon):
    z, W = random_layer(0)
    z_out, _, potential = kernels.spike_times(z, np.argsort(z), W, horizon)
    reference, _ = layer_times(z, W)
    arrived = np.where(z < horizon, horizon - z, 0)
    M = arrived @ W - horizon
    silent = np.isinf(z_out)
    # within rounding of the horizon either answer is right
    clear = np.abs(M) > 1e-9
    assert np.array_equal(silent[clear], (reference > horizon)[clear])
    np.testing.assert_allclose(potential[silent], M[silent], rtol=1e-9)
    assert not potential[~silent].any()


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


def through_kernels(weights, z_in, labels):
    """Cost summed over the images, and its gradients: the kernels, layer after layer and back."""
    times, slopes = [z_in], []
    for W in weights:
        z_out, slope, _ = kernels.spike_times(times[-1], np.argsort(times[-1]), W, HORIZON)
        times.append(z_out)
        slopes.append(slope)
    value, dz = cross_entropy(times[-1], labels)
    gradients = []
    for W, z, z_out, slope in zip(
        weights[::-1], times[-2::-1], times[:0:-1], slopes[::-1], strict=True
    ):
        e = np.where(np.isfinite(z_out), dz / slope, 0)
        dW, dz = np.zeros_like(W), np.empty_like(z)
        kernels.gradients(z, W, np.minimum(z_out, HORIZON), e, dW, dz)
        gradients.append(dW)
    return value.sum(), gradients[::-1]


def test_kernels_equal_finite_differences_at_three_hidden_layers():
    rng = np.random.default_rng(1)
    sizes = (12, 10, 9, 8, 4)
    weights = [rng.normal(3 / n_in, 3 / n_in, (n_in, n_out)) for n_in, n_out in pairwise(sizes)]
    z_in, labels = rng.uniform(1, 2, (20, 12)), rng.integers(0, 4, 20)
    *hidden, z_out = FeedForward(weights).forward(z_in)
    assert np.isfinite(z_out).all()
    assert any(np.isinf(z).any() for z in hidden)  # some are silent, as in training
    _, gradients = through_kernels(weights, z_in, labels)
    step = 1e-6
    for W, dW in zip(weights, gradients, strict=True):
        assert np.count_nonzero(dW) > dW.size / 2
        for at in np.ndindex(W.shape):
            values = []
            for sign in (1, -1):
                W[at] += sign * step
                values.append(through_kernels(weights, z_in, labels)[0])
                W[at] -= sign * step
            assert dW[at] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5, abs=1e-7)


def test_backward_gives_the_gradient_of_the_inputs():
    rng = np.random.default_rng(4)
    network = FeedForward([rng.normal(0.5, 0.3, (6, 8)), rng.normal(0.6, 0.3, (8, 3))])
    z_in = rng.uniform(1, 2, (4, 6))

    def total(z):
        return network.forward(z)[-1].sum()

    assert np.isfinite(total(z_in))
    network.forward(z_in)
    _, dz_in = network.backward(np.ones((4, 3)))
    step = 1e-6
    for image in range(4):
        for p in range(6):
            nudge = np.zeros_like(z_in)
            nudge[image, p] = step
            expected = (total(z_in + nudge) - total(z_in - nudge)) / (2 * step)
            assert dz_in[image, p] == pytest.approx(expected, rel=1e-4, abs=1e-6)


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
