# SPDX-License-Identifier: BSD-2-Clause
"""Raw samples to spikes: features, series and ticks, as DESIGN's section 2 has it."""

import dataclasses
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from firstspike.golden import EncodingError, Features, Network, NetworkError, encode, events
from firstspike.golden.encodings.features import FeatureOptions
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.encodings.ticks import Ticks
from firstspike.sim.harness import networks as networks_of_tests
from tests.support.strategies import (
    level_tick,
    networks,
    networks_with_samples,
    networks_with_ticks,
    seeds,
)

pytestmark = pytest.mark.fast


def network_of(encoding, features, n_features):
    weights = np.ones((encoding_of(encoding).n_inputs(features, n_features), 3), int)
    fields = {"encoding": encoding, "features": features}
    return networks_of_tests.network_of([weights], [3], unit=4, deadline=30, **fields)


@given(networks_with_samples())
def test_every_input_by_the_formula(network_and_samples):
    network, samples = network_and_samples
    features, unit = network.features, network.unit
    found = encode(network, samples)

    def step_tick(steps) -> int:
        first = next(iter(steps), None)
        return 0 if first is None else unit + (first * 5 * unit) // (features.steps - 1)

    for sample, ticks in zip(samples, found.tolist(), strict=True):
        expected = []
        if features.steps:
            for channel, edges in zip(sample, features.edges, strict=True):
                for edge in edges:
                    expected.append(step_tick(s for s, x in enumerate(channel) if x >= edge))
                    expected.append(step_tick(s for s, x in enumerate(channel) if x < edge))
            constant = unit
        else:
            N = network.levels
            if features.edges is None:
                levels = [int(p) * N // 256 for p in sample]
            else:
                if features.medians is not None:
                    pairs = zip(sample, features.medians, strict=True)
                    sample = [median if x != x else x for x, median in pairs]
                pairs = zip(sample, features.edges, strict=True)
                levels = [sum(edge <= x for edge in edges) for x, edges in pairs]
            if features.complement:
                levels += [N - 1 - q for q in levels]
            expected += [level_tick(network, q) for q in levels]
            constant = level_tick(network, N - 1)
        if features.constant:
            expected.append(constant)
        assert ticks == [expected[i] for i in network.inputs]


@given(networks_with_samples())
def test_what_is_saved_is_loaded(network_and_samples):
    network, samples = network_and_samples
    loaded = Network.from_bytes(network.to_bytes())
    assert loaded.digest() == network.digest()
    assert loaded.classes == network.classes
    assert loaded.features.names == network.features.names
    assert np.array_equal(encode(loaded, samples), encode(network, samples))


def test_the_digest_is_of_the_features_too_but_not_of_names():
    features = Features(np.array([[0.5], [1.5]]))
    network = network_of("binary", features, 2)
    changed = [None, replace(features, edges=np.array([[0.5], [1.6]]))]
    digests = {replace(network, features=other).digest() for other in changed}
    assert len(digests | {network.digest()}) == 3
    named = replace(network, features=replace(features, names=("a", "b")), classes=("x", "y", "z"))
    assert named.digest() == network.digest()


@given(seeds, st.sampled_from(["binary", "levels-5", "levels-17"]))
def test_fitted_levels_reach_from_first_to_last(seed, encoding):
    samples = np.random.default_rng(seed).normal(size=(50, 4)) * 10.0 ** np.arange(-3, 5, 2)
    features = encoding_of(encoding).fitted(samples, FeatureOptions(complement=True, constant=True))
    network = network_of(encoding, features, 4)
    levels = network.coding.values(network, samples)
    assert levels.shape == (50, 9)
    assert levels.min(axis=0).tolist() == [0] * 8 + [network.levels - 1]
    assert levels.max(axis=0).tolist() == [network.levels - 1] * 9
    assert np.all(levels[:, :4] + levels[:, 4:8] == network.levels - 1)


@pytest.mark.parametrize("encoding", ["binary", "levels-128"])
def test_a_range_wider_than_the_largest_number_is_divided(recwarn, encoding):
    largest = np.finfo(float).max
    samples = np.array([[-largest, 0, -1], [largest, largest, 1]])
    coding = encoding_of(encoding)
    features = coding.fitted(samples)
    edges = features.edges
    assert np.isfinite(edges).all()
    assert edges[0, edges.shape[1] // 2] == 0
    assert edges[2] == pytest.approx(coding.fitted(samples[:, 2:]).edges[0])
    assert coding.input_levels(samples, features)[:, 0].tolist() == [0, edges.shape[1]]
    assert not recwarn.list


def test_plain_pixels_need_no_features():
    pixels = np.array([[0, 200], [100, 255]], np.uint8)
    coding = encoding_of("levels-4")
    assert coding.fitted(pixels) is None
    doubled = coding.fitted(pixels, FeatureOptions(complement=True))
    assert doubled.edges is None
    assert coding.values(network_of("levels-4", doubled, 2), pixels).tolist() == [
        [0, 3, 3, 0],
        [1, 3, 2, 0],
    ]
    dark = encoding_of("binary").fitted(pixels // 2)
    assert dark.edges.tolist() == [[25.0], [113.5]]


def test_medians_are_of_the_values_that_are_there():
    """The median of an even number of values is the lower middle one, a value of the feature."""
    nan = np.nan
    samples = np.array([[1, nan, 1], [nan, nan, 0], [5, nan, 0], [3, 1e308, 1], [2, 1.7e308, nan]])
    features = encoding_of("levels-5").fitted(samples, FeatureOptions(medians=True))
    assert features.medians.tolist() == [2, 1e308, 0]
    whole = features.filled(samples)
    assert np.array_equal(features.edges, encoding_of("levels-5").fitted(whole).edges)
    network = network_of("levels-5", features, 3)
    assert np.array_equal(encode(network, samples), encode(network, whole))
    strict = replace(network, features=replace(features, medians=None))
    for refusing, wrong in ((strict, nan), (network, np.inf)):
        with pytest.raises(EncodingError, match=f"has {wrong} as its feature 0"):
            encode(refusing, np.full((1, 3), wrong))


@pytest.mark.parametrize(
    ("samples", "names", "message"),
    [
        (np.array([[1, np.nan], [2, np.nan]]), (), "the feature 1 has no value in any of the 2"),
        (np.array([[np.nan, 1], [np.nan, 2]]), ("a", "b"), "the feature a has no value in any of"),
        (np.array([[0, 200]], np.uint8), (), "the samples are pixels, of which none is missing:"),
        (np.array([[0, np.inf]]), (), "sample 0 has inf as its feature 1: every value must be a"),
    ],
)
def test_samples_without_medians(samples, names, message):
    with pytest.raises(EncodingError, match=re.escape(message)):
        encoding_of("levels-5").fitted(samples, FeatureOptions(names=names, medians=True))


def test_a_threshold_is_the_first_bright_value():
    features = encoding_of("binary").fitted(
        np.array([[0.1, 3.0], [0.3, 5.0]]), FeatureOptions(cutoff=0.3)
    )
    network = network_of("binary", features, 2)
    assert encode(network, [[0.3, 0.29999], [-7, 1e9]]).tolist() == [[4, 0], [0, 4]]


def test_ticks_pass_as_they_are():
    network = replace(network_of("ticks", None, 3), inputs=np.arange(3))
    assert encode(network, [[1, 0, 30], [2, 2, 2]]).tolist() == [[1, 0, 30], [2, 2, 2]]


SERIES = np.random.default_rng(1).normal(size=(20, 2, 7))
TAKES = {
    "ticks": network_of("ticks", None, 3),
    "binary": network_of("binary", Features(np.array([[0.5], [1.5]])), 2),
    "pixels": network_of("levels-4", None, 3),
    "series": network_of("crossings-3", encoding_of("crossings-3").fitted(SERIES), 2),
}


@pytest.mark.parametrize(
    ("network", "samples", "message"),
    [
        ("ticks", [[1, 2]], "the samples are float64 [1, 2]: this network takes numbers [n, 3]."),
        ("ticks", [[1, 2, 31]], "the ticks go from 1 to 31: they must be in 1..30, the deadline,"),
        ("ticks", [[1, -2, 3]], "the ticks go from -2 to 3: they must be in 1..30, the deadline,"),
        ("ticks", [[1.5, 2, 3]], "the samples are no integers: this network takes spike ticks."),
        ("ticks", [[1, 2, np.nan]], "sample 0 has nan as its feature 2: every value must be a"),
        ("ticks", [["a", "b", "c"]], "the samples are <U1 [1, 3]: give numbers [n, features]."),
        ("binary", np.zeros((2, 3)), "float64 [2, 3]: this network takes numbers [n, 2]."),
        ("binary", [[0.0, np.inf]], "sample 0 has inf as its feature 1: every value must be a"),
        ("binary", [0.0, 1.0], "the samples are float64 [2]: give numbers [n, features]."),
        ("binary", [[1j, 0]], "the samples are complex128 [1, 2]: give numbers [n, features]."),
        ("series", SERIES[:, :, :6], "[20, 2, 6]: this network takes time series [n, 2, 7]"),
        ("pixels", np.zeros((1, 4), np.uint8), "the samples are uint8 [1, 4]: this network takes"),
        ("pixels", np.zeros(3, np.uint8), "the samples are uint8 [3]: give numbers [n, features]."),
        ("pixels", np.zeros((1, 3), np.int32), "the samples are float64 [1, 3]: this network"),
    ],
)
def test_samples_that_do_not_fit(network, samples, message):
    with pytest.raises(EncodingError, match=re.escape(message)):
        encode(TAKES[network], samples)


def test_features_are_no_series():
    with pytest.raises(EncodingError, match="time series"):
        encoding_of("crossings-3").fitted(SERIES[:, 0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"edges": np.array([[1.0, 0.5], [0, 1]])}, "edges must be ascending for each feature."),
        ({"edges": np.array([[np.nan], [0]])}, "edges is float64 [2, 1]: it must be finite"),
        ({"edges": np.zeros((2, 0))}, "edges is float64 [2, 0]: it must be finite"),
        ({"edges": np.zeros((2, 2))}, "edges has 2 columns: binary needs 1."),
        ({"edges": np.zeros((3, 1))}, "n_inputs is 2: that is not what the features make."),
        ({"complement": True}, "n_inputs is 2: that is not what the features make."),
        ({"constant": True}, "n_inputs is 2: that is not what the features make."),
        ({"complement": 2}, "complement is 2: it must be in 0..1."),
        ({"steps": 5}, "steps is 5 with encoding 'binary': time series have at least 2 and"),
        ({"steps": -1}, "steps is -1: it must be in 0..16777215."),
        ({"medians": np.zeros(3)}, "medians is float64 [3]: it must be 2 finite numbers, one per"),
        ({"medians": np.zeros((2, 1))}, "medians is float64 [2, 1]: it must be 2 finite numbers,"),
        ({"medians": np.array([np.nan, 0])}, "medians is float64 [2]: it must be 2 finite"),
        ({"medians": np.zeros(2), "edges": None}, "there are medians: only features with edges,"),
        ({"medians": np.zeros(2), "steps": 5}, "there are medians: only features with"),
        ({"names": ("a",)}, "there are 1 names of features: give one for each."),
        ({"names": ("a", "a")}, "features must be different from one another."),
        ({"names": ("a", "\n")}, "features holds '\\n': each must be a printable text."),
    ],
)
def test_features_that_cannot_be(changes, message):
    features = {"edges": np.array([[0.5], [1.5]])}
    with pytest.raises(NetworkError, match=re.escape(message)):
        replace(TAKES["binary"], features=Features(**features | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoding": "ticks"}, "encoding is 'ticks': spike ticks have no features."),
        ({"encoding": "crossings-1"}, "steps is 0 with encoding 'crossings-1': time series have"),
        ({"encoding": "crossings-2", "features": None}, "features is missing: crossings-L"),
        ({"classes": ("a", "b")}, "there are 2 names of classes for 3 outputs: give one for each,"),
        ({"classes": ("a", "b", "a")}, "classes must be different from one another."),
    ],
)
def test_what_a_network_needs_of_its_features(changes, message):
    with pytest.raises(NetworkError, match=re.escape(message)):
        replace(TAKES["binary"], **changes)


# Pixels to spikes, as DESIGN's section 2 has it.


@st.composite
def networks_with_pixels(draw):
    network = draw(networks())
    return network, draw(hnp.arrays(np.uint8, (2, network.n_inputs)))


@given(networks_with_pixels())
def test_every_pixel_by_the_formula(network_and_pixels):
    network, pixels = network_and_pixels
    levels = pixels[:, network.inputs].astype(int) * network.levels // 256
    expected = [[level_tick(network, q) for q in image] for image in levels.tolist()]
    assert encode(network, pixels).tolist() == expected


@given(networks_with_ticks())
def test_ticks_after_the_deadline_are_refused(network_and_ticks):
    network, ticks = network_and_ticks
    inputs = np.arange(ticks.shape[1])
    network = dataclasses.replace(network, inputs=inputs, encoding="ticks", n_inputs=ticks.shape[1])
    late = np.arange(network.deadline + 2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Ticks, "table", lambda *_: late)
        with pytest.raises(EncodingError, match=f"up to tick {late[-1]} and the deadline"):
            encode(network, ticks)


@given(networks_with_ticks())
def test_events_are_sorted_by_tick_then_row_and_complete(network_and_ticks):
    _, ticks = network_and_ticks
    for row in ticks:
        found = events(row).tolist()
        assert found == sorted([int(t), r] for r, t in enumerate(row) if t)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("levls-8", "did you mean levels-8"),
        ("crossing-3", "did you mean crossings-3"),
        ("binari", "did you mean binary"),
        ("tick", "did you mean ticks"),
        *((name, "it must be binary, levels-N") for name in ("levels-999", "levls-999", "none")),
    ],
)
def test_a_misspelt_encoding_gets_the_most_similar_name_if_there_is_one(name, advice):
    with pytest.raises(NetworkError, match=f"encoding is '{name}': {advice}"):
        encoding_of(name)
