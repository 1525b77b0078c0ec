# SPDX-License-Identifier: BSD-2-Clause
"""Training on any data: what is held out, what is connected, and going on from a checkpoint."""

import numpy as np
import pytest

from firstspike.golden import EncodingError, NetworkError
from firstspike.golden.training.checkpoint import Checkpoint, CheckpointError, Epoch
from firstspike.golden.training.suited import suited
from firstspike.golden.training.trainer import (
    Continuation,
    Names,
    Trainer,
    TrainingError,
    sensible_batch,
)

SMALL = suited(150, hidden=(20,), epochs=40)


@pytest.fixture(scope="module")
def blobs():
    """Three clouds in a plane, and a feature that is always the same."""
    rng = np.random.default_rng(1)
    labels = np.arange(150) % 3
    centres = np.array([[0, 0, 1], [5, 1, 1], [1, 6, 1.0]])
    return centres[labels] + rng.normal(size=(150, 3)) * [1, 1, 0], labels


def test_learns_features(blobs):
    trainer = Trainer(**SMALL).fit(*blobs, names=Names(("a", "b", "c"), ("x", "y", "z")))
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
        Trainer(**SMALL).fit(samples, labels)
    trainer = Trainer(**SMALL | {"epochs": 5, "medians": True}).fit(samples, labels)
    features = trainer.network_.features
    training = samples[~trainer.held_out_]
    counts = (~np.isnan(training)).sum(axis=0)
    for feature, count, median in zip(training.T, counts, features.medians, strict=True):
        assert median == np.sort(feature)[(count - 1) // 2]
    filled = np.where(np.isnan(samples), features.medians, samples)
    assert np.array_equal(trainer.predict(samples), trainer.predict(filled))
    again = Trainer(**SMALL | {"epochs": 5}).fit(filled, labels)
    for found, expected in zip(trainer.network_.weights, again.network_.weights, strict=True):
        assert np.array_equal(found, expected)


def test_a_share_is_held_out_of_every_class(blobs):
    trainer = Trainer(**SMALL | {"held_out": 0.2, "epochs": 1}).fit(*blobs)
    assert np.bincount(blobs[1][trainer.held_out_]).tolist() == [10, 10, 10]


def test_groups_are_held_out_whole(blobs):
    groups = np.arange(150) // 10
    trainer = Trainer(**SMALL | {"epochs": 1}).fit(*blobs, groups=groups)
    held_out = trainer.held_out_
    assert 0 < held_out.sum() < 75
    assert not set(groups[held_out]) & set(groups[~held_out])


def test_without_held_out_samples_the_last_epoch_is_the_best(blobs):
    trainer = Trainer(**SMALL | {"held_out": 0}).fit(*blobs)
    assert trainer.best_ is trainer.history_[-1]
    assert trainer.best_.validation_accuracy is None


def test_few_samples_are_all_trained_on(blobs):
    x, y = blobs
    few = Trainer(**SMALL | {"epochs": 1}).fit(x[:12], y[:12])
    assert not few.held_out_.any()
    assert Trainer(**SMALL | {"epochs": 1}).fit(x, y).held_out_.any()
    with pytest.raises(TrainingError, match="all 12 samples are trained on"):
        Trainer(**SMALL | {"patience": 3}).fit(x[:12], y[:12])


def test_patience_ends_the_first_phase(blobs):
    trainer = Trainer(**SMALL | {"epochs": 200, "patience": 5}).fit(*blobs)
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

    whole = Trainer(**SMALL).fit(*blobs, continuation=Continuation(save=save))
    checkpoint, run = Checkpoint.load(tmp_path / "state.npz")
    assert run == {"a": 1}
    again = Trainer(**SMALL).fit(*blobs, epochs.append, continuation=Continuation(checkpoint))
    assert len(epochs) == len(whole.history_) - stop
    assert again.network_.digest() == whole.network_.digest()
    assert again.best_.number == whole.best_.number
    with pytest.raises(CheckpointError, match="another training"):
        Trainer(**SMALL | {"hidden": (13,)}).fit(*blobs, continuation=Continuation(checkpoint))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x, y: (x, y * 0), "one class"),
        (lambda x, y: (x, y[:-1]), "150 classes"),
        (lambda x, y: (x, y - 1), "150 classes"),
        (lambda x, y: (x, y * 0.5), "150 classes"),
        (lambda x, y: (x[:0], y[:0]), "0 classes"),
        (lambda x, y: (x.astype(str), y), "numbers"),
        (lambda x, y: (x[:, 0], y), r"\[n, features\]"),
        (lambda x, y: (np.where(x == x[7, 1], np.nan, x), y), "sample 7 has nan as its feature 1"),
        (lambda x, y: (np.where(x == x[7, 1], -np.inf, x), y), "sample 7 has -inf"),
    ],
)
def test_data_that_cannot_be(blobs, change, told):
    with pytest.raises((TrainingError, EncodingError), match=told):
        Trainer(**SMALL).fit(*change(*blobs))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"encoding": "levels-300"}, "levels-N"),
        ({"encoding": "crossings-4", "complement": False}, "time series"),
        ({"encoding": "ticks", "complement": False, "constant": False}, "integers"),
        ({"threshold": 1.0}, "binary"),
        ({"augmentation": 1}, "only pixels"),
        ({"held_out": 150}, "held out"),
        ({"held_out": 0.001}, "has not one of each"),
        ({"n_connected": 8}, "8 inputs"),
        ({"encoding": "ticks", "constant": False, "complement": True}, "complement is of features"),
        ({"encoding": "ticks", "complement": False}, "constant is of features and of time series"),
        ({"encoding": "crossings-4", "complement": False, "threshold": 1.0}, "threshold is of"),
        ({"encoding": "crossings-4"}, "complement is of features: the encoding crossings-4 has"),
        ({"encoding": "crossings-4", "complement": False, "medians": True}, "medians are of feat"),
    ],
)
def test_parameters_that_do_not_go_with_the_data(blobs, changes, told):
    with pytest.raises((ValueError, NetworkError), match=told):
        Trainer(**SMALL | changes).fit(*blobs)


def test_too_few_classes_are_named(blobs):
    with pytest.raises(TrainingError, match=r"0\.\.1"):
        Trainer(**SMALL).fit(*blobs, n_classes=2)


@pytest.mark.parametrize("n", [2, 30, 1000, 5000, 60000])
def test_the_recipe_takes_as_many_steps_for_few_samples_as_for_many(n):
    parameters = suited(n)
    steps = parameters["epochs"] * max(1, n // sensible_batch(n))
    assert 2900 < steps <= 6000
    assert parameters["weight_decay"] == pytest.approx(0.3 * min(1, 1000 / n))


@pytest.mark.parametrize("hidden", [(20,), (20, 20), (20, 20, 20)])
@pytest.mark.parametrize("encoding", ["binary", "levels-128"])
def test_the_recipe_learns_with_layers(blobs, hidden, encoding):
    trainer = Trainer(**suited(150, encoding, hidden=hidden, seed=2)).fit(*blobs)
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
    trainer = Trainer(**suited(100, encoding, last_tick, hidden=(20,), held_out=0))
    assert trainer.fit(samples, labels).score(samples, labels) > 0.9
    assert trainer.network_.encoding == ("ticks" if last_tick else encoding)


def test_spike_ticks_take_no_other_encoding():
    assert suited(100, "ticks", 60) == suited(100, None, 60)
    with pytest.raises(TrainingError, match=r"spike ticks, .*leave the encoding levels-4 out"):
        suited(100, "levels-4", 60)


def test_series_of_bytes_cross_edges_as_others_do():
    """They look like pixels."""
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 2
    series = np.sort(rng.integers(0, 256, (60, 2, 9), np.uint8), axis=2)
    series[labels == 1] = series[labels == 1, :, ::-1]
    parameters = suited(60, "crossings-4", hidden=(10,), epochs=5)
    network, other = (Trainer(**parameters).fit(x, labels).network_ for x in (series, series * 1.0))
    assert network.digest() == other.digest()
