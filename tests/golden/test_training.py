# SPDX-License-Identifier: BSD-2-Clause
"""Training on a little data: that it learns, is exact, repeats itself and keeps what it has."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from firstspike.golden import EncodingError, encode, infer
from firstspike.golden.data.sets import Dataset, bundled_test_set
from firstspike.golden.layers.kind import weight_range
from firstspike.golden.layers.registry import dense_layers
from firstspike.golden.training.augment import Augmentation
from firstspike.golden.training.optimiser import Optimiser, cross_entropy
from firstspike.golden.training.quantise import (
    best_threshold,
    compact,
    most_active_inputs,
    quantise,
    useful_threshold,
)
from firstspike.golden.training.recipes import DEEP, GRADED, RECIPES, recipe
from firstspike.golden.training.trainer import Trainer, TrainingError
from tests.support.feedforward import FeedForward
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
STILL = Augmentation(rotation=0, scale=0, shear=0, shift=0, elastic=0, brightness=0)


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
    seen = []

    def interrupt(epoch):
        seen.append(epoch)
        if epoch.number == 2:
            raise KeyboardInterrupt

    trainer = Trainer(**SMALL).fit(digits.x_train, digits.y_train, interrupt)
    assert trainer.interrupted_
    assert trainer.history_ == seen
    assert trainer.best_ == max(seen, key=lambda epoch: epoch.validation_accuracy)
    assert trainer.score(digits.x_test, digits.y_test) > 0.35  # three seeds: 0.46 to 0.54


def test_interrupt_before_there_is_a_network_is_passed_on(digits, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Optimiser, "step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Trainer(**SMALL).fit(digits.x_train, digits.y_train)


@pytest.mark.parametrize(
    ("changes", "accuracy", "loss"),
    [
        ({"hidden": (60, 40)} | DEEP, 0.8, 0.05),
        ({"hidden": (), "encoding": "levels-4"} | GRADED, 0.77, 0.1),
        ({"hidden": ()}, 0.81, 0.1),
        ({"encoding": "levels-4"} | GRADED, 0.81, 0.1),
        ({"weight_bits": 2}, 0.58, 0.3),
        ({"smoothing": 0.05, "smallest_slope": 1.0}, 0.81, 0.2),
        ({"compact": True, "revival": 0.02, "weight_decay": 1e-5}, 0.79, 0.1),
    ],
)
def test_learns_with(changes, accuracy, loss, digits):
    """The bounds are three deviations below what three seeds reach; `loss` is the part left."""
    trainer = Trainer(**SMALL | changes).fit(digits.x_train, digits.y_train)
    assert trainer.history_[-1].loss < trainer.history_[0].loss * loss
    assert trainer.score(digits.x_test, digits.y_test) > accuracy
    low, high = weight_range(trainer.weight_bits)
    assert all(low <= W.min() and W.max() <= high for W in trainer.network_.weights)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden": (40, 0)}, "40-0"),
        ({"held_out": 2500}, "held out"),
        ({"n_connected": 785}, "785"),
    ],
)
def test_refuses(changes, words, digits):
    with pytest.raises((TrainingError, EncodingError), match=words):
        Trainer(**SMALL | changes).fit(digits.x_train, digits.y_train)


def exact_trainer(**changes):
    """No term but the cost, and neither horizon nor phantom class."""
    return Trainer(
        **{"hidden": (12,), "horizon": 100.0, "phantom": np.inf, "clip": 1e9, "sparsity": 0.0}
        | {"beta": 1.0, "initial": ((0.012, 0.03), (0.012, 0.04)), "smallest_slope": 0.0}
        | changes
    )


@pytest.mark.parametrize("times", [[np.inf, 1.0], [np.inf, 2.5, 1.0], [3.0, 2.0, 1.5, 1.0]])
@pytest.mark.parametrize("hidden", [(), (12,), (12, 11)])
def test_optimiser_follows_the_exact_gradient(times, hidden):
    rng = np.random.default_rng(3)
    table = np.resize(np.array(times), 256)
    trainer = exact_trainer(hidden=hidden)
    optimiser = Optimiser(trainer, dense_layers((30, *hidden, 4)), 30, table, rng)
    pixels = rng.integers(0, 256, (50, 30)).astype(np.uint8)
    labels = rng.integers(0, 4, 50)
    reference = FeedForward(optimiser.weights)
    z_out = reference.forward(table[pixels])[-1]
    spiked = np.isfinite(z_out).all(axis=1) & (z_out.max(axis=1) < 20)
    assert spiked.sum() > 10
    pixels, labels = pixels[spiked], labels[spiked]
    value, expected = reference.cost_gradient(table[pixels], labels)

    found, slopes, _ = optimiser.forward(optimiser.weights, pixels)
    _, dz = cross_entropy(found[-1], labels)
    np.testing.assert_allclose(found[-1], z_out[spiked], rtol=2e-3)
    gradients = optimiser._backward(optimiser.weights, found, slopes, found[-1].min(axis=1), dz)
    for dW, reference_dW in zip(gradients, expected, strict=True):
        scale = np.abs(reference_dW).max()
        np.testing.assert_allclose(dW / scale, reference_dW / scale, atol=2e-3)
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
    parameters = exact_trainer(horizon=1e4, smallest_slope=0.5)
    times, rng = np.array([1.0, 2.0]), np.random.default_rng(0)
    optimiser = Optimiser(parameters, dense_layers((1, 1, 2)), 1, times, rng)
    optimiser.weights = [np.array([[1.001]], np.float32), np.array([[2.0, 3.0]], np.float32)]
    times, slopes, _ = optimiser.forward(optimiser.weights, np.zeros((1, 1), np.uint8))
    assert times[1] == pytest.approx(1001, rel=1e-3)
    dz = np.array([[1.0, 0.0]], np.float32)
    first, _ = optimiser._backward(optimiser.weights, times, slopes, times[-1].min(axis=1), dz)
    assert first == pytest.approx(2.0 / 1.0 / 0.5 * (1 - 1001), rel=1e-2)


@given(st.integers(2, 8), st.data())
def test_best_threshold_finds_weights_that_are_exact(bits, data):
    low, high = weight_range(bits)
    threshold = data.draw(st.integers(1, 4 << bits))
    integers = data.draw(hnp.arrays(np.int32, (7, 5), elements=st.integers(low, high)))
    W = integers / threshold
    found = best_threshold(W, bits)
    np.testing.assert_allclose(quantise(W, bits, found) / found, W, atol=1e-12)


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


def test_augmentation_of_nothing_changes_nothing(digits):
    rng = np.random.default_rng(0)
    assert STILL.apply(digits.x_test, None, rng) is digits.x_test


def test_flips_invert_their_share_of_pixels(digits):
    flips = replace(STILL, flip=0.03)
    changed = flips.apply(digits.x_test, None, np.random.default_rng(0)) != digits.x_test
    assert changed.mean() == pytest.approx(0.03, rel=0.05)


def test_a_share_of_the_images_is_varied(digits):
    """The others stay whole."""
    some = Augmentation(share=0.3)
    rng = np.random.default_rng(0)
    varied = some.apply(digits.x_test, some.fields(28, rng), rng)
    changed = (varied != digits.x_test).any(axis=1)
    assert changed.mean() == pytest.approx(0.3, abs=0.07)


def test_what_is_not_moved_stays_whole():
    """An image stays whole up to its edges, which clothes do fill."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (400, 784)).astype(np.uint8)
    still = replace(STILL, brightness=1e-6)
    assert (still.apply(images, still.fields(28, rng), rng) == images).all()


@pytest.mark.parametrize("name", ["rotation", "scale", "shear", "shift", "elastic", "brightness"])
def test_each_bound_varies_images_a_little(name):
    column, row = np.meshgrid(np.arange(28), np.arange(28))
    blob = 255 * np.exp(-((column - 17) ** 2 + (row - 10) ** 2) / 60)
    images = np.repeat(blob.astype(np.uint8).reshape(1, 784), 200, axis=0)
    one = replace(STILL, **{name: getattr(Augmentation(), name)})
    rng = np.random.default_rng(0)
    varied = one.apply(images, one.fields(28, rng), rng).astype(int)
    assert len(np.unique(varied, axis=0)) > 100
    assert np.abs(varied - images).mean() < 20
    weight = varied.reshape(-1, 28, 28)
    centre = [(weight * axis).sum((1, 2)) / weight.sum((1, 2)) for axis in (column, row)]
    assert np.abs(centre[0] - 17).max() < 2.5
    assert np.abs(centre[1] - 10).max() < 2.5


def test_a_recipe_has_an_encoding_of_its_own():
    assert recipe("sparse")["encoding"] == "binary"
    deep = recipe("deep")
    assert (deep["encoding"], deep["late"]) == ("levels-4", GRADED["late"])
    assert "late" not in recipe("deep", "binary")


@pytest.mark.long
@pytest.mark.parametrize("encoding", [None, "binary"])
@pytest.mark.parametrize("hidden", [(60, 40), (60, 50, 40)])
def test_deep_recipe_learns_as_it_is(hidden, encoding, digits):
    small = {key: SMALL[key] for key in ("epochs", "fine_tuning_epochs", "held_out", "batch")}
    trainer = Trainer(**recipe("deep", encoding, hidden=hidden) | small | {"augmentation": None})
    trainer.fit(digits.x_train, digits.y_train)
    assert trainer.score(digits.x_test, digits.y_test) > 0.75


@pytest.mark.parametrize("encoding", ["binary", "levels-8"])
@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_parameters_of_a_trainer(name, encoding):
    trainer = Trainer(**recipe(name, encoding, seed=5, epochs=None))
    assert trainer.seed == 5
    assert trainer.encoding == encoding
    assert trainer.epochs > 0
