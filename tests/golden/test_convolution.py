# SPDX-License-Identifier: BSD-2-Clause
"""Layers that convolve: definition, integer model, gradients, network file and training agree."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstspike.golden import Network, NetworkError, differences, encode, infer, potentials
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.geometry import Filters, Geometry, from_json
from firstspike.golden.layers.registry import layers_of
from firstspike.golden.training.augment import Augmentation
from firstspike.golden.training.conv_kernels import conv_gradients, conv_times
from firstspike.golden.training.optimiser import Optimiser, cross_entropy
from firstspike.golden.training.recipes import recipe
from firstspike.golden.training.specification import Training
from firstspike.golden.training.trainer import Trainer, TrainingError
from firstspike.golden.widths import layer_widths
from tests.support.feedforward import FeedForward
from tests.support.shapes import convolving_network
from tests.support.strategies import infer_tick_by_tick

pytestmark = pytest.mark.fast


UNMOVED = {"stride": (1, 1), "padding": (0, 0)}


@st.composite
def convolutions(draw: st.DrawFn) -> Convolution:
    size, kernel, stride, padding = [], [], [], []
    for _ in range(2):
        kernel.append(draw(st.integers(1, 4)))
        padding.append(draw(st.integers(0, kernel[-1] - 1)))
        size.append(draw(st.integers(max(1, kernel[-1] - 2 * padding[-1]), 7)))
        stride.append(draw(st.integers(1, 3)))
    geometry = Geometry(tuple(size), tuple(kernel), tuple(stride), tuple(padding))
    return Convolution.shaped(geometry, draw(st.integers(1, 3)), draw(st.integers(1, 4)))


def unshared(layer: Convolution, weights: np.ndarray) -> np.ndarray:
    """The matrix [n_in, n_out] of a dense layer that does the same, by the definition."""
    geometry = layer.geometry
    (down, across), (rows, columns) = geometry.size, geometry.out
    dense = np.zeros((layer.maps, down, across, layer.filters, rows, columns), weights.dtype)
    kernels = weights.reshape(layer.maps, *geometry.kernel, layer.filters)
    for y, x in np.ndindex(rows, columns):
        for ky, kx in np.ndindex(*geometry.kernel):
            at_y = y * geometry.stride[0] + ky - geometry.padding[0]
            at_x = x * geometry.stride[1] + kx - geometry.padding[1]
            if 0 <= at_y < down and 0 <= at_x < across:
                dense[:, at_y, at_x, :, y, x] = kernels[:, ky, kx]
    return dense.reshape(layer.n_in, layer.n_out)


def drawn_ticks(layer, rng, deadline, n=3):
    ticks = rng.integers(1, deadline + 1, (n, layer.n_in), np.int32)
    ticks[rng.random(ticks.shape) < 0.3] = 0
    return ticks


@settings(max_examples=150, deadline=None)
@given(convolutions(), st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_a_convolution_is_a_dense_layer_that_shares_weights(layer, seed, threshold):
    rng, deadline = np.random.default_rng(seed), 48
    weights = rng.integers(-6, 10, (layer.rows, layer.columns)).astype(np.int32)
    dense = unshared(layer, weights)
    spikes = drawn_ticks(layer, rng, deadline)[:, :, None]
    same = Dense(*dense.shape)
    for actual, expected in zip(
        layer.fired(weights, threshold, spikes, deadline, 1),
        same.fired(dense, threshold, spikes, deadline, 1),
        strict=True,
    ):
        assert np.array_equal(actual, expected)
    inputs = rng.integers(0, layer.n_in, 5)
    assert np.array_equal(layer.added(weights, inputs), same.added(dense, inputs))
    own = layer_widths(weights, threshold, deadline, layer=layer)
    assert all(np.greater_equal(own, layer_widths(dense, threshold, deadline)))


@pytest.mark.parametrize("seed", range(5))
def test_a_network_equals_the_definition(seed):
    network = convolving_network(seed)
    ticks = drawn_ticks(network.layers[0], np.random.default_rng(seed), network.deadline)
    fast, slow = infer(network, ticks), infer_tick_by_tick(network, ticks)
    assert fast.hidden_spikes.sum() > 0
    for name in ("decision", "tick", "forced", "spikes_in"):
        assert np.array_equal(getattr(fast, name), getattr(slow, name)), name
    for one, other in zip(fast.hidden, slow.hidden, strict=True):
        assert np.array_equal(one, other)
    assert [M.shape[1] for M in potentials(network, ticks[0])] == list(network.shape[1:])


def test_the_file_keeps_the_geometry(tmp_path):
    network = convolving_network()
    network.save(tmp_path / "conv.npz")
    read = Network.load(tmp_path / "conv.npz")
    assert read.geometry == network.geometry
    assert read.shape == network.shape == (60, 27, 16, 6, 3)
    assert read.digest() == network.digest()
    assert (
        convolving_network(hidden=("3c3s2p1", "4c2", 6), size=(5, 6)).digest() != network.digest()
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "geometry is not JSON"),
        ("{}", "geometry is {}: it must be a list."),
        ('[{"size": [6, 5]}]', "geometry[0] has no 'kernel'."),
        *(
            (json.dumps([{"size": (6, 5), "kernel": (1, 1), **UNMOVED, **changes}]), message)
            for changes, message in (
                ({"kernel": (9, 9)}, "the kernel is 9 and the map 6 with 0 around: the kernel"),
                ({"padding": (2, 2)}, "padding is 2 with a kernel of 1: it must be less than the"),
                ({"stride": (64, 1)}, "geometry[0]['stride'][0] is 64: it must be an integer in"),
                ({"stride": (1, 0)}, "geometry[0]['stride'][1] is 0: it must be an integer in"),
                ({"size": (6,)}, "size is (6,): give two integers, (down, across)."),
                ({"x": 1}, "geometry has other fields than size, kernel, stride, padding."),
                ({"size": (4095, 4095), "kernel": (63, 63)}, "are too large: neurons times taps"),
            )
        ),
    ],
)
def test_a_bad_geometry_is_refused(text, message):
    with pytest.raises(NetworkError, match=re.escape(message)):
        from_json(text)


@pytest.mark.parametrize(
    ("hidden", "n_inputs", "message"),
    [
        ((10, "3c3"), 30, "3c3 follows a dense layer, which has no maps: put layers that convolve"),
        (("3c9",), 30, "the kernel is 9 and the map 6 with 0 around: the kernel must fit into"),
        (("3c",), 30, "'3c' is no layer: give a number of neurons, or FcK, FcKsS or FcKsSpP: F"),
        (("3c3",), 31, "31 inputs are no maps of 6 x 5"),
    ],
)
def test_layers_that_cannot_be_are_refused(hidden, n_inputs, message):
    with pytest.raises(NetworkError, match=re.escape(message)):
        layers_of(hidden, n_inputs, 3, (6, 5))


def test_maps_consist_of_the_connected_inputs():
    """Section 7: in ascending order, whichever inputs of the network they are."""
    plain = convolving_network(hidden=("3c3", 5), size=(5, 6))
    count = len(plain.inputs)
    inputs = np.sort(np.random.default_rng(1).choice(2 * count, count, replace=False))
    wide = replace(plain, n_inputs=2 * count, inputs=inputs)
    samples = np.random.default_rng(2).integers(0, 2, (20, 2 * count), np.uint8) * 255
    actual, expected = (
        infer(one, encode(one, x)) for one, x in ((wide, samples), (plain, samples[:, inputs]))
    )
    assert not list(differences(actual, expected))


def test_the_last_layer_is_dense():
    network = convolving_network(hidden=("3c3",))
    with pytest.raises(NetworkError, match="last layer convolves"):
        Network(
            network.weights[:1], (7,), (40,), 8, 48, 60, np.arange(60),
            geometry=network.geometry[:1],
        )  # fmt: skip


def test_filters_are_written_as_the_field_does():
    assert Filters.parsed("32c5s2p1") == Filters(32, 5, 2, 1)
    assert Filters.parsed("8c3") == Filters(8, 3)
    assert Filters.parsed("600") is None
    assert Filters(8, 3, 2, 1).over((1, 20)) == Geometry((1, 20), (1, 3), (1, 2), (0, 1))


@pytest.mark.parametrize("seed", range(4))
def test_gradients_are_those_of_the_dense_layer(seed):
    """The gradient of a shared weight is the sum over the weights that it stands for."""
    rng = np.random.default_rng(seed)
    layer = Convolution.shaped(Geometry((6, 5), (3, 2), (2, 1), (1, 0)), 2, 5)
    W = rng.normal(0.35, 0.5, (layer.rows, layer.columns)).astype(np.float32)
    z = rng.uniform(1, 2, (7, layer.n_in)).astype(np.float32)
    z[rng.random(z.shape) < 0.2] = np.inf
    horizon = np.float32(1e6)
    dense = FeedForward([unshared(layer, W)])
    expected = dense.forward(z)[0]
    z_out, slope, potential = conv_times(layer, z, W, horizon)
    fired = np.isfinite(expected) & (expected < 100)
    assert 0.2 < fired.mean() < 1
    np.testing.assert_allclose(z_out[fired], expected[fired], rtol=1e-3)
    assert (potential[np.isinf(z_out)] <= 0).all()

    dz_out = np.where(fired, rng.normal(size=z_out.shape), 0)
    (dW,), dz = dense.backward(dz_out)
    e = np.where(fired, dz_out / np.where(fired, slope, 1), 0).astype(np.float32)
    found_W, found_z = conv_gradients(layer, z, W, np.where(fired, z_out, 0), e)
    shared = np.zeros_like(W)
    numbers = unshared(layer, 1 + np.arange(W.size).reshape(W.shape))
    np.add.at(shared.ravel(), numbers[numbers > 0] - 1, dW[numbers > 0])
    np.testing.assert_allclose(found_W, shared, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(found_z, dz, rtol=2e-3, atol=2e-3)


def test_a_network_follows_finite_differences():
    """The cost of a whole network, against small steps of some weights of every layer."""
    rng = np.random.default_rng(2)
    training = Training(
        hidden=("3c3s2", "4c2"), sparsity=0.0, smallest_slope=1e-6, clip=1e9, horizon=50.0,
        phantom=np.inf, beta=1.0, n_connected=None,
        initial=((0.003, 0.012), (0.003, 0.02)),
    )  # fmt: skip
    layers = layers_of(training.hidden, 49, 3, (7, 7))
    optimiser = Optimiser(training, layers, 49, np.linspace(1, 2, 256), rng)
    values, labels = rng.integers(0, 256, (20, 49)), rng.integers(0, 3, 20)

    def cost(weights):
        z = optimiser.forward(weights, values)[-1]
        return cross_entropy(z.astype(np.float64), labels)[0].sum()

    times, slopes, z_out = optimiser.forward(optimiser.weights, values)
    assert np.isfinite(times[-1]).mean() > 0.5
    _, dz = cross_entropy(z_out, labels)
    gradients = optimiser._backward(optimiser.weights, times, slopes, z_out.min(axis=1), dz)
    agree = []
    for layer, W in enumerate(optimiser.weights):
        for _ in range(12):
            at = tuple(rng.integers(0, W.shape))
            step = np.float32(2e-3)
            changed = [[one.copy() for one in optimiser.weights] for _ in range(2)]
            changed[0][layer][at] += step
            changed[1][layer][at] -= step
            difference = (cost(changed[0]) - cost(changed[1])) / (2 * step)
            scale = max(abs(difference), np.abs(gradients[layer]).mean())
            agree.append(abs(gradients[layer][at] - difference) < 0.05 * scale)
    # The cost has corners, where an input joins or leaves a causal set.
    assert np.mean(agree) > 0.8


def stripes(n, rng):
    """Pictures 8 x 8 with one bright line, across or down: where it lies says nothing."""
    pictures, labels = np.zeros((n, 8, 8), np.uint8), rng.integers(0, 2, n)
    for picture, label, at in zip(pictures, labels, rng.integers(0, 8, n), strict=True):
        (picture if label else picture.T)[at] = 255
    return pictures, labels


def test_training_learns_what_shared_weights_can_tell():
    pictures, labels = stripes(600, np.random.default_rng(0))
    training = recipe("conv", hidden=("6c3",), epochs=25, fine_tuning_epochs=3, seed=1)
    trainer = Trainer(training, held_out=100, augmentation=None, batch=20)
    trainer.fit(pictures, labels)
    assert trainer.network_.shape == (64, 6 * 36, 2)
    assert trainer.network_.geometry[0].size == (8, 8)
    assert trainer.score(*stripes(300, np.random.default_rng(1))) > 0.95


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compact": True}, "leave compact out."),
        ({"n_connected": 30}, "needs all inputs, so leave"),
    ],
)
def test_what_does_not_go_with_filters_is_refused(changes, message):
    pictures, labels = stripes(60, np.random.default_rng(0))
    training = replace(recipe("conv", hidden=("6c3",)), held_out=10, augmentation=Augmentation())
    with pytest.raises(TrainingError, match=re.escape(message)):
        Trainer(training, **changes).fit(pictures, labels)
