# SPDX-License-Identifier: BSD-2-Clause
"""Training on a little data: that it learns, is exact, repeats itself and keeps what it has."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from firstspike.golden import EncodingError, NetworkError, encode, infer
from firstspike.golden.data.sets import Dataset, bundled_test_set
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.layers.kind import weight_range
from firstspike.golden.layers.registry import layers_of
from firstspike.golden.training.augment import Augmentation
from firstspike.golden.training.checkpoint import Checkpoint, CheckpointError, Epoch
from firstspike.golden.training.general_recipe import general_training
from firstspike.golden.training.optimiser import Optimiser, cross_entropy
from firstspike.golden.training.quantise import (
    _searched,
    best_threshold,
    compact,
    most_active_inputs,
    quantise,
    useful_threshold,
)
from firstspike.golden.training.recipes import DEEP, GRADED, RECIPES, recipe
from firstspike.golden.training.specification import Training
from firstspike.golden.training.trainer import (
    Continuation,
    Names,
    Trainer,
    TrainingError,
    sensible_batch,
)
from tests.golden.test_convolution import unshared
from tests.support.feedforward import FeedForward
from tests.support.simulators import sampled
from tests.support.strategies import networks

SMALL = {
    "hidden": (40,),
    "n_connected": 300,
    "epochs": 12,
    "fine_tuning_epochs": 2,
    "batch": 50,
    "held_out": 500,
    "rate": 5e-3,
    "augmentation": None,
}


@pytest.fixture(scope="module")
def digits():
    """2,500 digits to train on and 500 others, binarised."""
    pixels, labels = bundled_test_set()
    return Dataset(pixels[:2500], labels[:2500], pixels[2500:3000], labels[2500:3000])


@pytest.fixture(scope="module")
def trained(digits):
    return Trainer(**SMALL).fit(digits.x_train, digits.y_train)


def test_learns(trained, digits):
    assert trained.score(digits.x_test, digits.y_test) > 0.82  # five seeds reach 0.838 to 0.85
    assert trained.network_.shape == (784, 40, 10)
    assert len(trained.network_.inputs) == 300
    assert trained.history_[-1].loss < trained.history_[0].loss / 10
    right = trained.predict(digits.x_test) == digits.y_test
    assert trained.score(digits.x_test, digits.y_test) == right.mean()


def test_same_seed_same_network(digits):
    def digest(seed):
        trainer = Trainer(**SMALL | {"epochs": 2, "augmentation": Augmentation(), "seed": seed})
        return trainer.fit(digits.x_train, digits.y_train).network_.digest()

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)


def test_interrupt_keeps_the_best_network_so_far(digits):
    reported = []

    def interrupt(epoch):
        reported.append(epoch)
        if epoch.number == 2:
            raise KeyboardInterrupt

    trainer = Trainer(**SMALL).fit(digits.x_train, digits.y_train, interrupt)
    assert trainer.interrupted_
    assert trainer.history_ == reported
    assert trainer.best_ == max(reported, key=lambda epoch: epoch.validation_accuracy)
    assert trainer.score(digits.x_test, digits.y_test) > 0.35  # three seeds: 0.46 to 0.54


def test_interrupt_before_there_is_a_network_is_passed_on(digits, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Optimiser, "step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Trainer(**SMALL).fit(digits.x_train, digits.y_train)


@pytest.mark.parametrize(
    ("changes", "accuracy", "loss"),
    sampled(
        [
            ({"hidden": (60, 40), **DEEP}, 0.8, 0.05),
            ({"hidden": (), "encoding": "levels-4", **GRADED}, 0.77, 0.1),
            ({"hidden": ()}, 0.81, 0.1),
            ({"encoding": "levels-4", **GRADED}, 0.81, 0.1),
            ({"weight_bits": 2}, 0.58, 0.3),
            ({"smoothing": 0.05, "smallest_slope": 1.0}, 0.81, 0.2),
            ({"compact": True, "revival": 0.02, "weight_decay": 1e-5}, 0.79, 0.1),
        ],
        3,
    ),
)
def test_learns_with(changes, accuracy, loss, digits):
    """The bounds are three deviations below what three seeds reach; `loss` is the part left."""
    trainer = Trainer(**SMALL | changes).fit(digits.x_train, digits.y_train)
    assert trainer.history_[-1].loss < trainer.history_[0].loss * loss
    assert trainer.score(digits.x_test, digits.y_test) > accuracy
    low, high = weight_range(trainer.training.weight_bits)
    assert all(low <= W.min() and W.max() <= high for W in trainer.network_.weights)


BRIEF = {"epochs": 2, "fine_tuning_epochs": 1, "held_out": 50, "batch": 50, "seed": 3}


@pytest.mark.parametrize(
    ("name", "changes", "losses", "weights"),
    [
        ("sparse", {"n_connected": 200}, (17.07, 8.114, 6.387), (25.61, 60.08)),
        ("sparse", {"n_connected": 200, "compact": True}, (17.07, 8.113, 6.388), (26.3, 60.21)),
        (
            "sparse",
            {"n_connected": 200, "encoding": "levels-4"},
            (3.234, 2.771, 2.492),
            (25.85, 95.18),
        ),
        ("noisy", {}, (3.326, 2.569, 2.381), (26.08, 57.67)),
        ("deep", {"hidden": (40, 30)}, (2.324, 2.256, 2.241), (25.24, 44.98, 45.42)),
        ("accurate", {}, (2.3, 2.205, 2.175), (2.183, 2.966)),
        ("robust", {}, (2.95, 2.205, 2.264), (26.25, 34.57)),
        ("conv", {"hidden": ("6c5s2", "8c5s2")}, (8.805, 6.64, 5.518), (1.28, 31.18, 25.87)),
    ],
)
def test_recipes_train_as_before(name, changes, losses, weights, digits):
    """The loss of each epoch, and the mean size of each layer's weights.

    A change of the training that is meant has other figures, and needs new shipped networks.
    """
    training = recipe(name, **{"hidden": (50,), **BRIEF, **changes})
    trainer = Trainer(**vars(training)).fit(digits.x_train[:300], digits.y_train[:300])
    assert [epoch.loss for epoch in trainer.history_] == pytest.approx(losses, rel=1e-3)
    sizes = [np.abs(W).mean() for W in trainer.network_.weights]
    assert sizes == pytest.approx(weights, rel=1e-3)
    assert 0 < min(epoch.seconds for epoch in trainer.history_) < 60


def exact_training(**changes):
    """No term but the cost, and neither horizon nor phantom class."""
    return Training(
        **{"hidden": (12,), "horizon": 100.0, "phantom": np.inf, "clip": 1e9, "sparsity": 0.0}
        | {"beta": 1.0, "initial": ((0.012, 0.03), (0.012, 0.04)), "smallest_slope": 1e-6}
        | changes
    )


FIRST = Convolution.shaped(Geometry((6, 5), (3, 2), (2, 1), (1, 0)), 1, 4)
SECOND = Convolution.shaped(Geometry(FIRST.geometry.out, (2, 3), (1, 2), (0, 1)), 4, 5)
CHAINS = {
    "dense-1": (Dense(30, 4),),
    "dense-2": (Dense(30, 12), Dense(12, 4)),
    "dense-4": (Dense(30, 12), Dense(12, 11), Dense(11, 10), Dense(10, 4)),
    "convolving": (FIRST, SECOND, Dense(SECOND.n_out, 4)),
}
"""Layers from 30 inputs to 4 classes."""


@pytest.mark.parametrize("times", [[np.inf, 1.0], [np.inf, 2.5, 1.0], [3.0, 2.0, 1.5, 1.0]])
@pytest.mark.parametrize("layers", CHAINS.values(), ids=CHAINS)
def test_optimiser_follows_the_exact_gradient(times, layers):
    """The gradient of a shared weight is the sum over the weights that it stands for."""
    rng = np.random.default_rng(3)
    table = np.resize(np.array(times), 256)
    optimiser = Optimiser(exact_training(), layers, 30, table, rng)
    for number, layer in enumerate(layers if layers[0] is FIRST else ()):
        W = rng.normal(6 / layer.rows, 3 / layer.rows, (layer.rows, layer.columns))
        optimiser.weights[number] = W.astype(np.float32)
    pixels = rng.integers(0, 256, (50, 30)).astype(np.uint8)
    labels = rng.integers(0, 4, 50)
    reference = FeedForward(list(map(unshared, layers, optimiser.weights)))
    z_out = reference.forward(table[pixels])[-1]
    spiked = np.isfinite(z_out).all(axis=1) & (z_out.max(axis=1) < 20)
    assert spiked.sum() > 10
    pixels, labels = pixels[spiked], labels[spiked]
    value, expected = reference.cost_gradient(table[pixels], labels)

    found, slopes, _ = optimiser.forward(optimiser.weights, pixels)
    _, dz = cross_entropy(found[-1], labels)
    np.testing.assert_allclose(found[-1], z_out[spiked], rtol=2e-3)
    gradients = optimiser._backward(optimiser.weights, found, slopes, found[-1].min(axis=1), dz)
    for layer, dW, reference_dW in zip(layers, gradients, expected, strict=True):
        numbers = unshared(layer, 1 + np.arange(dW.size).reshape(dW.shape))
        shared = np.bincount(numbers.ravel(), reference_dW.ravel())[1:].reshape(dW.shape)
        scale = np.abs(shared).max()
        np.testing.assert_allclose(dW / scale, shared / scale, atol=2e-3)
    cost, right = optimiser.step(pixels, labels, 1e-3)
    assert cost == pytest.approx(value, rel=1e-3)
    assert right == (z_out[spiked].argmin(axis=1) == labels).sum()


def test_a_smoothed_cost_has_its_gradient():
    rng = np.random.default_rng(4)
    z_out, labels = rng.uniform(1, 2, (6, 5)), rng.integers(0, 5, 6)
    _, gradient = cross_entropy(z_out, labels, 3.0, 1.8, 0.1)
    for o in range(5):
        step = 1e-6 * (np.arange(5) == o)
        above, below = (cross_entropy(z_out + s, labels, 3.0, 1.8, 0.1)[0] for s in (step, -step))
        np.testing.assert_allclose(gradient[:, o], (above - below) / 2e-6, atol=1e-6)


def test_smallest_slope_bounds_the_gradient():
    """A neuron with B = 1.001 only just fires, at z = 1001."""
    parameters = exact_training(horizon=1e4, smallest_slope=0.5)
    times, rng = np.array([1.0, 2.0]), np.random.default_rng(0)
    optimiser = Optimiser(parameters, layers_of((1,), 1, 2, (1, 1)), 1, times, rng)
    optimiser.weights = [np.array([[1.001]], np.float32), np.array([[2.0, 3.0]], np.float32)]
    times, slopes, _ = optimiser.forward(optimiser.weights, np.zeros((1, 1), np.uint8))
    assert times[1] == pytest.approx(1001, rel=1e-3)
    dz = np.array([[1.0, 0.0]], np.float32)
    first, _ = optimiser._backward(optimiser.weights, times, slopes, times[-1].min(axis=1), dz)
    assert first == pytest.approx(2.0 / 1.0 / 0.5 * (1 - 1001), rel=1e-2)


def test_silent_columns_of_weights_share_a_revival():
    """Of the two columns, whose weights two neurons share, the second one is silent."""
    layers = layers_of((2,), 1, 2, (1, 1))
    training = exact_training(revival=0.5, horizon=9)
    optimiser = Optimiser(training, layers, 1, np.ones(2), np.random.default_rng(0))
    optimiser._activity[0][:] = 0
    z, fired = np.array([[2, 3, np.inf, np.inf]]), np.array([[True, True, False, False]])
    none = np.zeros((1, 4))
    d = optimiser._drive_gradient(0, z, np.ones((1, 4)), fired, np.array([5]), none)
    assert d.tolist() == [[0, 0, -0.25, -0.25]]


@given(st.integers(2, 8), st.data())
def test_best_threshold_finds_weights_that_are_exact(bits, data):
    low, high = weight_range(bits)
    threshold = data.draw(st.integers(1, 4 << bits))
    integers = data.draw(hnp.arrays(np.int32, (7, 5), elements=st.integers(low, high)))
    W = integers / threshold
    found = best_threshold(W, bits)
    np.testing.assert_allclose(quantise(W, bits, found) / found, W, atol=1e-12)


@pytest.mark.parametrize(
    ("largest", "bits", "expected"),
    [
        (2**-3, 4, (1, 64)),
        (2**-4, 4, (1, 128)),
        (2**-9, 4, (32, 128)),
        (2**-8, 3, (16, 64)),
        (2**-8 - 2**-20, 3, (32, 64)),
        (1e-9, 8, (2**13, 2**10)),
        (0, 2, (1, 16)),
    ],
)
def test_the_thresholds_that_are_tried(largest, bits, expected):
    assert _searched(np.array([[0, -largest]]), bits) == expected


@pytest.mark.parametrize("largest", [1, 0.125, 0.063, 0.0624, 1e-3, 1e-4])
def test_weights_of_any_size_use_the_range(largest):
    W = np.random.default_rng(0).normal(0, 1, (300, 3))
    W *= largest / np.abs(W).max()
    for found in (best_threshold(W, 8), useful_threshold(W, 8, lambda V: np.square(V - W).sum())):
        assert np.abs(quantise(W, 8, found)).max() >= 120
        assert found < 2**24


def test_best_threshold_gives_up_a_far_weight_for_many_near_ones():
    W = np.full((100, 5), 0.1)
    W[0, 0] = 3.0
    found = best_threshold(W, 2)
    assert np.abs(quantise(W, 2, found) / found - W)[1:].max() < 0.02


def test_useful_threshold_ignores_far_weights_that_cost_nothing():
    W = np.random.default_rng(0).normal(0, 0.1, (100, 5))
    W[:50] *= 50  # of inputs that never spike

    def cost(rounded):
        return np.square(rounded - W)[50:].sum()

    best, found = best_threshold(W, 4), useful_threshold(W, 4, cost)
    assert np.count_nonzero(quantise(W, 4, best)[50:]) < 20
    assert np.count_nonzero(quantise(W, 4, found)[50:]) > 200
    assert cost(quantise(W, 4, found) / found) < cost(quantise(W, 4, best) / best) / 10
    assert useful_threshold(W, 4, lambda rounded: np.square(rounded - W).sum()) == best


def test_most_active_inputs():
    images = np.zeros((10, 5), np.uint8)
    images[:9, 3] = 128
    images[:2, 1] = 200
    images[:, 4] = 127
    assert most_active_inputs(images > 127, 2).tolist() == [1, 3]
    assert most_active_inputs(images >= 64, 2).tolist() == [3, 4]


@given(networks(max_spikes=1), st.integers(0, 3), st.data())
def test_compaction_changes_no_decision(network, margin, data):
    config = (6, network.n_inputs)
    images = data.draw(hnp.arrays(np.uint8, config, elements=st.sampled_from([0, 60, 130, 255])))
    small = compact(network, images, margin)
    before = infer(network, encode(network, images))
    after = infer(small, encode(small, images))
    assert np.array_equal(before.decision, after.decision)
    assert np.array_equal(before.tick, after.tick)
    assert np.array_equal(before.hidden_spikes, after.hidden_spikes)
    if margin == 0:
        for size, ticks in zip(small.shape[1:-1], after.hidden, strict=True):
            took_part = ((ticks > 0) & (ticks < after.tick[:, None])).any(axis=0)
            assert size == max(1, took_part.sum())


def test_a_recipe_has_an_encoding_of_its_own():
    assert recipe("sparse").encoding == "binary"
    deep = recipe("deep")
    assert (deep.encoding, deep.late) == ("levels-4", GRADED["late"])
    assert recipe("deep", "binary").late == Training().late
    assert recipe("sparse", compact=True).sparsity < recipe("sparse").sparsity
    assert recipe("deep", compact=True) == replace(deep, compact=True)


@pytest.mark.parametrize("encoding", ["binary", "levels-8"])
@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_parameters_of_a_trainer(name, encoding):
    training = recipe(name, encoding, seed=5, epochs=None)
    assert training.seed == 5
    assert training.encoding == encoding
    assert training.epochs > 0


# Training on any data: what is held out, what is connected, and going on from a checkpoint.

SMALL_DATA = general_training(150, hidden=(20,), epochs=40)


@pytest.fixture(scope="module")
def blobs():
    """Three clouds in a plane, and a feature that is always the same."""
    rng = np.random.default_rng(1)
    labels = np.arange(150) % 3
    centres = np.array([[0, 0, 1], [5, 1, 1], [1, 6, 1.0]])
    return centres[labels] + rng.normal(size=(150, 3)) * [1, 1, 0], labels


def test_classes_are_checked_before_the_epochs(blobs):
    with pytest.raises(TrainingError, match=r"0\.\.1"):
        Trainer(SMALL_DATA).fit(*blobs, pytest.fail, n_classes=2)
    with pytest.raises(NetworkError, match="classes holds"):
        Trainer(SMALL_DATA).fit(*blobs, pytest.fail, names=Names((), ("x", "y", "New\xa0York")))


def test_learns_features(blobs):
    trainer = Trainer(SMALL_DATA).fit(*blobs, names=Names(("a", "b", "c"), ("x", "y", "z")))
    network = trainer.network_
    assert trainer.score(*blobs) > 0.9
    assert network.shape == (7, 20, 3)
    assert network.inputs.tolist() == [0, 1, 3, 4, 6], "not the third feature, which says nothing"
    assert network.features.names == ("a", "b", "c")
    assert network.classes == ("x", "y", "z")
    training = blobs[0][~trainer.held_out_]
    low, high = training.min(axis=0), training.max(axis=0)
    assert network.features.edges[:, 0] == pytest.approx(low + (high - low) / 128)


def test_medians_are_of_what_is_trained_on(blobs):
    samples, labels = blobs[0].copy(), blobs[1]
    samples[np.random.default_rng(2).random(samples.shape) < 0.2] = np.nan
    with pytest.raises(EncodingError, match="nan"):
        Trainer(SMALL_DATA).fit(samples, labels)
    trainer = Trainer(SMALL_DATA, epochs=5, medians=True).fit(samples, labels)
    features = trainer.network_.features
    training = samples[~trainer.held_out_]
    counts = (~np.isnan(training)).sum(axis=0)
    for feature, count, median in zip(training.T, counts, features.medians, strict=True):
        assert median == np.sort(feature)[(count - 1) // 2]
    filled = np.where(np.isnan(samples), features.medians, samples)
    assert np.array_equal(trainer.predict(samples), trainer.predict(filled))
    again = Trainer(SMALL_DATA, epochs=5).fit(filled, labels)
    for found, expected in zip(trainer.network_.weights, again.network_.weights, strict=True):
        assert np.array_equal(found, expected)


def test_a_share_is_held_out_of_every_class_and_groups_whole(blobs):
    trainer = Trainer(SMALL_DATA, held_out=0.2, epochs=1).fit(*blobs)
    assert np.bincount(blobs[1][trainer.held_out_]).tolist() == [10, 10, 10]
    groups = np.arange(150) // 10
    held_out = Trainer(SMALL_DATA, epochs=1).fit(*blobs, groups=groups).held_out_
    assert 0 < held_out.sum() < 75
    assert not set(groups[held_out]) & set(groups[~held_out])


def toy_pixels():
    """150 digits of 784 pixels."""
    pixels, labels = bundled_test_set()
    return pixels[:150], labels[:150].astype(np.int64)


def plain_ticks():
    return np.random.default_rng(5).integers(0, 60, (150, 8)), np.arange(150) % 3


FEW_EPOCHS = {"hidden": (12,), "epochs": 2, "fine_tuning_epochs": 1, "batch": 10}
CONNECTED = {"n_connected": 784, "augmentation": None}


@pytest.mark.parametrize("held_out", [0.5, 75])
@pytest.mark.parametrize(
    ("data", "training"),
    [
        ("blobs", general_training(150, medians=True, **FEW_EPOCHS)),
        (toy_pixels, Training(**FEW_EPOCHS | CONNECTED)),
        (toy_pixels, recipe("robust", **FEW_EPOCHS, n_connected=784)),
        (toy_pixels, Training(**FEW_EPOCHS, n_connected=100)),
        (toy_pixels, Training(**FEW_EPOCHS | CONNECTED | {"hidden": (40,)}, compact=True)),
        (plain_ticks, general_training(150, None, 60, **FEW_EPOCHS)),
    ],
    ids=["table", "pixels", "varied-pixels", "connected", "compact", "ticks"],
)
def test_held_out_samples_change_no_weight(data, training, held_out, request):
    """With one epoch of quantised weights, held-out samples have no choice either.

    The labels of the last 75 change, too; a share holds out samples by their labels.
    """
    samples, labels = request.getfixturevalue(data) if isinstance(data, str) else data()
    training = replace(training, held_out=held_out)
    trainer = Trainer(training).fit(samples, labels)
    assert trainer.held_out_.sum() == 75

    def trained(changed):
        x, y = samples.copy(), labels.copy()
        x[changed] = x.max(axis=0) + x.min(axis=0) - x[changed]
        if held_out == 75:
            y[changed] = y[changed][::-1]
        network = Trainer(training).fit(x, y).network_
        return network.digest(), network.examples.tolist()

    expected = trainer.network_.digest(), trainer.network_.examples.tolist()
    assert trained(trainer.held_out_) == expected
    assert trained(~trainer.held_out_) != expected


def test_the_epoch_is_the_best_on_held_out_samples(blobs):
    """It is the last of the best quantised ones, though real weights of an earlier one are better.

    The reference of the neuron counts the right decisions.
    """
    rng, bits = np.random.default_rng(3), 2
    samples, labels = blobs[0] + rng.normal(0, 2, (150, 3)) * [1, 1, 0], blobs[1]
    states: list[Checkpoint] = []
    trainer = Trainer(
        replace(SMALL_DATA, epochs=40, fine_tuning_epochs=8, rate=1e-2, fine_tuning_rate=3e-3),
        held_out=0.3,
        weight_bits=bits,
        seed=2,
        horizon=100.0,
    )
    trainer.fit(samples, labels, continuation=Continuation(save=states.append))
    network, held_out = trainer.network_, trainer.held_out_
    ticks = encode(network, samples[held_out])
    z_in = np.where(ticks > 0, ticks / network.unit, np.inf)
    ranks = []
    for state in states:
        weights = [state.arrays[f"weights_{layer}"] for layer in (0, 1)]
        thresholds = state.state["thresholds"]
        if thresholds:
            weights = [quantise(W, bits, T) / T for W, T in zip(weights, thresholds, strict=True)]
        right = FeedForward(weights).forward(z_in)[-1].argmin(axis=1) == labels[held_out]
        ranks.append((thresholds is not None, right.mean()))
    assert [(one.fine_tuning, one.validation_accuracy) for one in trainer.history_] == ranks
    *earlier, best = sorted((*rank, number) for number, rank in enumerate(ranks, 1))
    assert trainer.best_.number == best[2] < len(ranks)
    assert max(earlier[:40])[1] > best[1]
    for layer, W in enumerate(trainer.weights_):
        assert np.array_equal(W, states[best[2] - 1].arrays[f"weights_{layer}"])
        threshold = states[best[2] - 1].state["thresholds"][layer]
        assert np.array_equal(network.weights[layer], quantise(W, bits, threshold))


def test_without_held_out_samples_the_last_epoch_is_the_best(blobs):
    trainer = Trainer(SMALL_DATA, held_out=0).fit(*blobs)
    assert trainer.best_ is trainer.history_[-1]
    assert trainer.best_.validation_accuracy is None


def test_patience_ends_the_first_phase(blobs):
    trainer = Trainer(SMALL_DATA, epochs=200, patience=5).fit(*blobs)
    first = [epoch for epoch in trainer.history_ if not epoch.fine_tuning]
    assert 5 < len(first) < 200
    best = max(epoch.validation_accuracy for epoch in first[:-5])
    assert all(epoch.validation_accuracy <= best for epoch in first[-5:])
    assert trainer.history_[-1].fine_tuning


@pytest.mark.parametrize("stop", [1, 40, 41])
def test_goes_on_to_the_same_network(blobs, tmp_path, stop):
    epochs: list[Epoch] = []

    def save(checkpoint):
        if checkpoint.done == stop:
            checkpoint.save(tmp_path / "state.npz", {"a": 1})

    uninterrupted = Trainer(SMALL_DATA).fit(*blobs, continuation=Continuation(save=save))
    checkpoint, run = Checkpoint.load(tmp_path / "state.npz")
    assert run == {"a": 1}
    again = Trainer(SMALL_DATA).fit(*blobs, epochs.append, continuation=Continuation(checkpoint))
    assert len(epochs) == len(uninterrupted.history_) - stop
    assert again.network_.digest() == uninterrupted.network_.digest()
    assert again.best_.number == uninterrupted.best_.number
    with pytest.raises(CheckpointError, match="another training"):
        Trainer(SMALL_DATA, hidden=(13,)).fit(*blobs, continuation=Continuation(checkpoint))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y * 0), "all samples are of one class: give two classes or more."),
        (lambda x, y: (x, y[:-1]), "int64 [149] for 150 samples: give one integer for each"),
        (lambda x, y: (x, y - 1), "the labels are in -1..1: they must be in 0..16777214."),
        (lambda x, y: (x, y * 0.5), "float64 [150] for 150 samples: give one integer for each"),
        (lambda x, y: (x, y + 2**62), "they must be in 0..16777214."),
        (lambda x, y: (x, [[1, 2], [3]]), "give an array of numbers"),
        (lambda x, y: (x[:0], y[:0]), "[0] for 0 samples: give one integer for each sample, and"),
        (lambda x, y: (x.astype(str), y), "the samples are <U32 [150, 3]: give numbers [n,"),
        (lambda x, y: (x[:, 0], y), "the samples are float64 [150]: give numbers [n, features]."),
        (lambda x, y: (np.where(x == x[7, 1], np.nan, x), y), "sample 7 has nan as its feature 1:"),
        (lambda x, y: (np.where(x == x[7, 1], -np.inf, x), y), "sample 7 has -inf as its feature"),
    ],
)
def test_data_that_cannot_be(blobs, change, message):
    with pytest.raises((TrainingError, EncodingError), match=re.escape(message)):
        Trainer(SMALL_DATA).fit(*change(*blobs))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"augmentation": Augmentation()}, "only pixels can be augmented: give no augmentation."),
        ({"held_out": 150}, "there are 150 samples: give more than the 150 held out, or as"),
        ({"held_out": 0.001}, "a share of 0.001 of 150 samples has not one of each of 3 classes:"),
        ({"n_connected": 8}, "8 inputs are to be connected of 7: give 1..7."),
        ({"encoding": "crossings-4", "complement": False, "medians": True}, "medians are of"),
    ],
)
def test_parameters_that_do_not_go_with_the_data(blobs, changes, message):
    with pytest.raises((ValueError, NetworkError), match=re.escape(message)):
        Trainer(SMALL_DATA, **changes).fit(*blobs)


@pytest.mark.parametrize("n", [2, 30, 1000, 5000, 60000])
def test_the_recipe_takes_as_many_steps_for_few_samples_as_for_many(n):
    training = general_training(n)
    steps = training.epochs * max(1, n // sensible_batch(n))
    assert 2900 < steps <= 6000
    assert training.weight_decay == pytest.approx(0.3 * min(1, 1000 / n))


@pytest.mark.parametrize("hidden", sampled([((20,),), ((20, 20),), ((20, 20, 20),)], 2))
@pytest.mark.parametrize("encoding", ["binary", "levels-128"])
def test_the_recipe_learns_with_layers(blobs, hidden, encoding):
    trainer = Trainer(general_training(150, encoding, hidden=hidden, seed=2)).fit(*blobs)
    assert trainer.score(*blobs) > (0.9 if encoding != "binary" else 0.75)


@pytest.mark.parametrize(("encoding", "last_tick"), [("crossings-6", None), (None, 60), (None, 7)])
def test_the_recipe_learns_series_and_ticks(encoding, last_tick):
    """When a bump comes is what tells the two classes apart."""
    rng = np.random.default_rng(3)
    labels = np.arange(100) % 2
    when = 10 + 8 * labels[:, None, None] + rng.integers(0, 4, (100, 2, 1))
    samples = np.exp(-(((np.arange(40) - when) / 4) ** 2)) + 0.1 * rng.normal(size=(100, 2, 40))
    if last_tick:
        ticks = rng.integers(1, 1 + last_tick // 2, (100, 8))
        ticks[:, :4] += labels[:, None] * (last_tick // 2)
        samples = np.where(rng.random((100, 8)) < 0.1, 0, ticks)
    trainer = Trainer(general_training(100, encoding, last_tick, hidden=(20,), held_out=0))
    assert trainer.fit(samples, labels).score(samples, labels) > 0.9
    assert trainer.network_.encoding == ("ticks" if last_tick else encoding)


def test_spike_ticks_take_no_other_encoding():
    assert general_training(100, "ticks", 60) == general_training(100, None, 60)
    with pytest.raises(TrainingError, match=r"spike ticks, .*leave the encoding levels-4 out"):
        general_training(100, "levels-4", 60)


def test_series_of_bytes_cross_edges_as_others_do():
    """They look like pixels."""
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 2
    series = np.sort(rng.integers(0, 256, (60, 2, 9), np.uint8), axis=2)
    series[labels == 1] = series[labels == 1, :, ::-1]
    parameters = general_training(60, "crossings-4", hidden=(10,), epochs=5)
    network, other = (Trainer(parameters).fit(x, labels).network_ for x in (series, series * 1.0))
    assert network.digest() == other.digest()
