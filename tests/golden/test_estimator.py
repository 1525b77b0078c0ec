# SPDX-License-Identifier: BSD-2-Clause
"""The scikit-learn classifier: its contract, what it says, and the network that it makes."""

import doctest
import re
from contextlib import suppress
from functools import partial
from unittest import SkipTest

import numpy as np
import pytest
from hypothesis import given
from sklearn.base import clone
from sklearn.datasets import load_iris, make_blobs
from sklearn.ensemble import AdaBoostClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import validation
from sklearn.utils.estimator_checks import parametrize_with_checks

from firstspike import (
    EncodingError,
    FirstSpikeClassifier,
    FirstSpikeError,
    encode,
    infer,
)
from firstspike.golden import LearningState, Settings, learn, potentials
from firstspike.golden.integer import output_potentials
from firstspike.golden.training import estimator
from firstspike.golden.training.recipes import recipe
from tests.support.simulators import sampled
from tests.support.strategies import networks_with_ticks

SMALL = FirstSpikeClassifier((20,), epochs=30, random_state=0)


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.mark.long
@parametrize_with_checks(
    [FirstSpikeClassifier(), FirstSpikeClassifier(encoding="binary", missing="median", epochs=20)]
)
def test_the_contract_of_scikit_learn(estimator, check):
    with suppress(SkipTest):  # a check that needs packages which we do not use, such as pandas
        check(estimator)


def test_the_example_is_right():
    failed, attempted = doctest.testmod(estimator)
    assert failed == 0 < attempted


@given(networks_with_ticks(max_spikes=1))
def test_the_class_has_the_highest_potential(network_with_ticks):
    """The class has the highest potential also in ties and forced decisions."""
    network, ticks = network_with_ticks
    results = infer(network, ticks)
    spikes = (ticks, *results.known_hidden())[-1]
    M_out = output_potentials(network, spikes, results.tick)
    for row, tick, decision, M in zip(ticks, results.tick, results.decision, M_out, strict=True):
        assert M.tolist() == potentials(network, row)[-1][tick].tolist()
        assert M.argmax() == decision


def test_probabilities_and_scores_say_what_is_predicted(iris):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    classifier = clone(SMALL).fit(X, names)
    predicted = classifier.predict(X)
    assert (predicted == names).mean() > 0.9
    assert classifier.network_.classes == ("setosa", "versicolor", "virginica")
    for scores in (classifier.predict_proba(X), classifier.decision_function(X)):
        assert scores.shape == (150, 3)
        assert (classifier.classes_[scores.argmax(axis=1)] == predicted).all()
    network, probabilities = classifier.network_, classifier.predict_proba(X)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    ticks = encode(network, X)
    ends = infer(network, ticks).tick
    M = np.array([potentials(network, row)[-1][end] for row, end in zip(ticks, ends, strict=True)])
    late = -M / (network.thresholds[-1] * network.unit)  # how long after the decision each fires
    likely = np.exp(-recipe("deep").beta * (late - late.min(axis=1, keepdims=True)))
    assert probabilities == pytest.approx(likely / likely.sum(axis=1, keepdims=True))
    two = clone(SMALL).fit(X[y > 0], y[y > 0])
    assert two.network_.classes == ("1", "2")
    assert ((two.decision_function(X) > 0) == (two.predict(X) == 2)).all()


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_a_classifier_is_fitted_first(iris, method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(clone(SMALL), method)(iris[0])


@pytest.mark.parametrize(
    "classes", [[0, 1, 2], [1, 2, 3], [-1, 0, 1], [2.0, 4.0, 3.0], ["b", "a", "c"], ["3", "1", "2"]]
)
def test_the_network_knows_the_labels(iris, classes):
    X, y = iris[0], np.array(classes)[iris[1]]
    classifier = clone(SMALL).set_params(epochs=5).fit(X, y)
    some = np.isin(y, classifier.classes_[:2])
    for mask in (some, ~some, y == y):
        assert classifier.network_.score(X[mask], y[mask]) == classifier.score(X[mask], y[mask])


@pytest.mark.parametrize(
    ("names", "expected"),
    [(("a", "b", "c", "d"), ("a", "b", "c", "d")), (("a", "b", "c", " "), ())],
)
def test_names_of_features_are_in_the_network(iris, monkeypatch, names, expected):
    """Names of a data frame, without the package of data frames."""
    monkeypatch.setattr(validation, "_get_feature_names", lambda _: np.array(names, object))
    classifier = clone(SMALL).fit(*iris)
    assert classifier.feature_names_in_.tolist() == list(names)
    assert classifier.network_.features.names == expected


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
def test_medians_take_the_place_of_missing_values(iris, fit):
    X, y = iris[0].copy(), iris[1]
    rng = np.random.default_rng(4)
    X[rng.random(X.shape) < 0.1] = np.nan
    hidden = {"hidden": (20,), "encoding": "binary", "random_state": 0, "epochs": 30}
    class_names = {"classes": range(3)} if fit == "partial_fit" else {}
    with pytest.raises(ValueError, match="NaN"):
        getattr(FirstSpikeClassifier(**hidden), fit)(X, y, **class_names)
    classifier = getattr(FirstSpikeClassifier(missing="median", **hidden), fit)(X, y, **class_names)
    medians = classifier.network_.features.medians
    for feature, median in zip(X.T, medians, strict=True):
        assert median == np.sort(feature[~np.isnan(feature)])[(~np.isnan(feature)).sum() - 1 >> 1]
    filled = np.where(np.isnan(X), medians, X)
    assert (classifier.predict(X) == classifier.predict(filled)).all()
    assert np.array_equal(classifier.predict_proba(X), classifier.predict_proba(filled))


def test_works_inside_of_scikit_learn(iris):
    X, y = iris
    assert cross_val_score(SMALL, X, y, cv=3).mean() > 0.85
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SMALL),
        {"firstspikeclassifier__hidden": [(20,), (20, 20)]},
        cv=2,
    )
    assert search.fit(X, y).score(X, y) > 0.85


def test_held_out_samples_end_training(iris):
    X, y = iris
    classifier = FirstSpikeClassifier((20,), validation_fraction=0.2, random_state=0).fit(X, y)
    assert 30 < classifier.n_iter_ < 200


def test_each_step_of_a_series_is_a_feature_of_levels():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = rng.normal(size=(60, 2, 5)) + y[:, None, None]
    classifiers = [clone(SMALL).set_params(epochs=3).fit(x, y) for x in (X, X.reshape(60, 10))]
    assert classifiers[0].network_.digest() == classifiers[1].network_.digest()
    assert (classifiers[0].predict(X) == classifiers[1].predict(X.reshape(60, 10))).all()
    with pytest.raises(ValueError, match=r"this network takes numbers \[n, 10\]"):
        classifiers[0].predict(X[:, :, :4])


def test_ticks():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = rng.integers(1, 30, (80, 6))
    X[:, :3] += 30 * y[:, None]
    X[:, 5] = 0
    classifier = FirstSpikeClassifier((20,), encoding="ticks", random_state=0).fit(X, y)
    assert classifier.score(X, y) > 0.9
    assert (classifier.network_.unit, classifier.network_.n_inputs) == (10, 6)


def test_learns_as_the_chip(iris):
    """From random weights, and on from what `fit` has made."""
    X, y = make_blobs(300, 10, centers=3, random_state=1)
    classifier = FirstSpikeClassifier((40,), encoding="binary", random_state=0)
    scores = []
    for _ in range(5):
        classifier.partial_fit(X, y, classes=[0, 1, 2])
        scores.append(classifier.score(X, y))
    assert max(scores[:1]) > 0.6
    assert scores[-1] > 0.9
    assert classifier.n_iter_ == 5
    classifier.fit(X, y)
    state = LearningState.of(classifier.network_)
    assert classifier.network_.unit == 32
    wrong = (y + 1) % 3
    learn(state, encode(classifier.network_, X), wrong, Settings(output_draw=2))
    assert classifier.partial_fit(X, wrong).network_.digest() == state.network.digest()


@pytest.mark.parametrize("changes", [{"encoding": "levels-4"}, {"hidden": (5, 5)}])
def test_what_no_chip_learns_has_no_partial_fit(changes):
    classifier = FirstSpikeClassifier(encoding="binary").set_params(**changes)
    with pytest.raises(AttributeError) as caught:
        classifier.partial_fit([[0], [1]], [0, 1], classes=[0, 1])
    assert "one hidden layer" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("bits", "classes", "message"),
    [
        (8, None, "classes is None: name all there will be in the"),
        (8, [0, 1], "y has 2: give only the classes of the first call, [0, 1]."),
        (4, [0, 1, 2], "partial_fit learns weights of 8 bits"),
    ],
)
def test_a_first_call_that_is_refused(iris, bits, classes, message):
    classifier = FirstSpikeClassifier(encoding="binary", weight_bits=bits)
    with pytest.raises(ValueError, match=re.escape(message)):
        classifier.partial_fit(*iris, classes=classes)


def test_classes_stay_as_they_are(iris):
    classifier = FirstSpikeClassifier(encoding="binary").partial_fit(*iris, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"it was \[0, 1, 2\] before"):
        classifier.partial_fit(*iris, classes=[0, 1, 2, 3])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": "6c3"}, "hidden is '6c3': it must be a list, each entry an integer in"),
        ({"encoding": "binary", "cutoff": np.inf}, "cutoff is inf: it must be a number that is"),
        ({"cutoff": 3}, "cutoff is 3, and levels-128 has several thresholds: leave the cutoff"),
        ({"complement": "no"}, "complement is 'no': it must be an integer in 0..1."),
        ({"constant": np.arange(2)}, "constant is array([0, 1]): it must be an integer in 0..1."),
        ({"missing": np.arange(2)}, 'missing is array([0, 1]): it must be "refuse" or "median".'),
        ({"validation_fraction": 1.0}, "validation_fraction is 1.0: it must be from 0 to below 1."),
        ({"validation_fraction": True}, "validation_fraction is True: it must be from 0 to below"),
    ],
)
def test_parameters_that_cannot_be(iris, changes, message):
    with pytest.raises(FirstSpikeError, match=re.escape(message)):
        FirstSpikeClassifier(**changes).fit(*iris)


HUGE = np.array([[1.7e308, 1.0], [-1.7e308, 2.0], [1.0, 3.0], [2.0, 4.0]])


@pytest.mark.parametrize(
    ("X", "encoding", "message"),
    [
        (HUGE, "ticks", "a spike is at tick 1.7e+308: it must be in 1..16777212."),
        (HUGE + 0.5, "crossings-4", "the samples are [4, 2]: crossings-4 is for time series [n,"),
        (
            np.where(HUGE == 3, np.nan, HUGE),
            "binary",
            "NaN, first in sample 2 as its feature 1: leave such samples out, or fit with",
        ),
    ],
)
def test_samples_that_cannot_be(X, encoding, message):
    with pytest.raises(FirstSpikeError, match=re.escape(message)):
        FirstSpikeClassifier((3,), encoding=encoding, epochs=1).fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize("encoding", ["levels-128", "binary"])
def test_values_may_be_as_large_as_a_float(encoding):
    classifier = FirstSpikeClassifier((3,), encoding=encoding, epochs=1).fit(HUGE, [0, 1, 0, 1])
    assert classifier.network_.predict(HUGE).shape == (4,)


@pytest.mark.parametrize("samples", [None, 5, "x.csv", {}, [[1, 2], [3]], HUGE[0], HUGE[:, :0]])
def test_samples_that_are_no_table(iris, samples):
    network = FirstSpikeClassifier((3,), epochs=1).fit(*iris).network_
    for use in (network.predict, network.predict_ticks, partial(encode, network)):
        with pytest.raises(EncodingError, match=r"^the samples are .*\[n, features\]\.$"):
            use(samples)
    with pytest.raises(EncodingError, match=r"^the (samples|ticks) are "):
        infer(network, samples)


def test_labels_that_are_whole_floats_are_the_classes_of_a_file(iris):
    X, y = iris
    fitted = FirstSpikeClassifier(hidden=(4,), epochs=2).fit(X, y.astype(float))
    assert fitted.network_.classes == ()
    assert fitted.predict(X).dtype == np.float64


def bars(rng, n, shape, kind):
    """Noise [n, *shape] of a type, with a bar along one axis or the other, at any place."""
    labels = rng.integers(0, 2, n)
    samples = rng.integers(0, 60, (n, *shape)).astype(kind)
    for sample, label in zip(samples, labels, strict=True):
        down, across = (rng.integers(0, side - 2) for side in shape)
        if label:
            sample[down : down + 3, across] = 250
        else:
            sample[down, across : across + 3] = 250
    return samples, labels


@pytest.mark.parametrize(
    ("kind", "maps", "rows"), sampled([(np.float64, 14, 1), (np.uint8, 2, 7)], 2)
)
def test_layers_convolve_over_pictures_and_along_the_steps_of_series(kind, maps, rows):
    X, y = bars(np.random.default_rng(1), 400, (7, 9), kind)
    classifier = FirstSpikeClassifier(("6c3", 8), encoding="levels-8", epochs=50, random_state=1)
    classifier.fit(X[:300], y[:300])
    assert classifier.score(X[300:], y[300:]) > 0.9
    network = classifier.network_
    assert network.geometry[0].size == (rows, 9)
    assert network.layers[0].maps == maps
    assert clone(classifier).fit(X[:300], y[:300]).network_.digest() == network.digest()


def test_verbose_prints_a_line_per_epoch(capsys):
    X, y = load_iris(return_X_y=True)
    parameters = {"hidden": (5,), "epochs": 2, "random_state": 0, "validation_fraction": 0.2}
    classifier = FirstSpikeClassifier(verbose=1, **parameters).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        f"epoch {n}" for n in range(1, classifier.n_iter_ + 1)
    ]
    FirstSpikeClassifier(**parameters).fit(X, y)
    assert capsys.readouterr().out == ""


def test_what_the_estimator_does_not_support_is_refused_as_scikit_learn_does():
    X, y = load_iris(return_X_y=True)
    classifier = FirstSpikeClassifier(hidden=(5,), epochs=1)
    assert not validation.has_fit_parameter(classifier, "sample_weight")
    with pytest.raises(TypeError, match="sample_weight"):
        classifier.fit(X, y, sample_weight=np.ones(len(y)))
    with pytest.raises(ValueError, match="doesn't support sample_weight"):
        AdaBoostClassifier(classifier).fit(X, y)
    assert not hasattr(classifier, "set_output")  # only transformers have it
