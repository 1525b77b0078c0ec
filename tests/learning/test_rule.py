# SPDX-License-Identifier: BSD-2-Clause
"""Learning: the rule against its plain second implementation, and its edges."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstspike.golden import (
    EncodingError,
    LearningError,
    LearningState,
    Network,
    Settings,
    bundled_test_set,
    encode,
    infer,
    learn,
)
from firstspike.golden.learning import kernel as learning_kernel
from firstspike.golden.learning.course import ANNEALING, settings_at
from firstspike.golden.learning.rule import UNLABELLED, leap
from firstspike.golden.results import RuleTrace, joined
from tests.support.plain_learning import PlainState, learn_image
from tests.support.strategies import seeds

pytestmark = pytest.mark.fast

FIELDS = ("decision", "tick", "forced", "spikes_in", "updated")
OF_RULE = [field.name for field in fields(RuleTrace)]


@st.composite
def states(draw: st.DrawFn) -> LearningState:
    """Tiny networks in all the ways that learning can have them."""
    n_rows, n_hidden = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    n_out = draw(st.integers(1, 5))
    bits = (draw(st.integers(2, 8)), draw(st.integers(2, 8)))
    stored_bits = draw(st.sampled_from([8, 10, 12, max(bits)]))
    unit = draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(seeds))
    half = 1 << stored_bits - 1
    weights = []
    for config in ((n_rows, n_hidden), (n_hidden, n_out)):
        # How far down they go decides how many neurons spike; beyond the range: some saturate.
        down = draw(st.sampled_from([0, half // 4, half // 2, half, 2 * half]))
        up = draw(st.sampled_from([half, 2 * half]))
        weights.append(rng.integers(-down, up, config).clip(-half, half - 1))
    network = Network(
        tuple(w >> (stored_bits - b) for w, b in zip(weights, bits, strict=True)),
        bits,
        tuple(draw(st.integers(1, 1 << draw(st.integers(0, b)))) for b in bits),
        unit,
        deadline=6 * unit + draw(st.integers(0, 9)),
        n_inputs=n_rows,
        inputs=np.arange(n_rows),
    )
    generator = draw(st.integers(1, 65535))
    return LearningState(tuple(weights), stored_bits, generator, network)


some_settings = st.builds(
    Settings,
    step=st.integers(1, 15),
    row_draw=st.sampled_from([0, 0, 1, 2, 15]),
    output_draw=st.sampled_from([0, 0, 1, 2, 15]),
    every_competitor=st.booleans(),
    margin_shift=st.integers(0, 7),
    margin_minimum=st.sampled_from([2, 2, 3, 255]),
)


@st.composite
def lessons(draw: st.DrawFn, images: int = 5) -> tuple:
    """A state, and the ticks and labels of some images: graded, of one tick, and silent."""
    state = draw(states())
    rng = np.random.default_rng(draw(seeds))
    unit, deadline = state.template.unit, state.template.deadline
    latest = draw(st.sampled_from([unit, 3 * unit, deadline]))
    config = (images, len(state.template.inputs))
    if draw(st.booleans()):
        ticks = rng.integers(0, latest + 1, config, np.int32)
    else:
        ticks = np.where(rng.random(config) < 0.7, unit, 0)
    least = UNLABELLED if draw(st.booleans()) else 0
    labels = rng.integers(least, state.template.shape[-1], images)
    return state, ticks.astype(np.int32), labels


def plainly(state: LearningState, ticks, labels, how) -> tuple[LearningState, list[dict]]:
    """Learn as `learn` does, by the plain implementation, and return a new state."""
    plain = PlainState(*(w.tolist() for w in state.weights), state.generator)
    results = [
        learn_image(
            state.template,
            plain,
            state.stored_bits,
            row,
            None if label == UNLABELLED else label,
            how,
        )
        for row, label in zip(ticks.tolist(), labels.tolist(), strict=True)
    ]
    weights = (np.array(plain.W1), np.array(plain.W2))
    done = state.done + int((labels != UNLABELLED).sum())
    return replace(state, weights=weights, generator=plain.generator, done=done), results


def assert_same_state(one: LearningState, other: LearningState) -> None:
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (one.generator, one.done) == (other.generator, other.done)


def compare(lesson, how) -> list[dict]:
    """Learn a lesson both ways; the results of the plain one."""
    state, ticks, labels = lesson
    expected, results = plainly(state, ticks, labels, how)
    learned = learn(state, ticks, labels, how, trace=True)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(learned, name), [r[name] for r in results], name)
    for name in OF_RULE:
        actual = getattr(learned.rule, name)
        np.testing.assert_array_equal(actual, [r[name] for r in results], name)
    np.testing.assert_array_equal(learned.hidden[0], [r["hidden"] for r in results])
    assert all(map(np.array_equal, learned.weights, expected.weights))
    assert_same_state(state, expected)
    return results


@settings(max_examples=2000)
@given(lessons(), some_settings)
def test_the_rule_is_that_of_the_plain_implementation(lesson, how):
    compare(lesson, how)


def full_size(seed=1, stored_bits=8, n=300):
    """A full-size random start, and digits for it."""
    state = LearningState.random(stored_bits=stored_bits, seed=seed)
    pixels, labels = bundled_test_set()
    return state, encode(state.template, pixels[:n]), labels[:n]


@pytest.mark.parametrize("stored_bits", ANNEALING)
def test_the_rule_at_full_size(stored_bits):
    state, ticks, labels = full_size(stored_bits=stored_bits, n=6)
    results = compare((state, ticks, labels), Settings(step=2, row_draw=1, output_draw=1))
    assert any(r["updated"] for r in results)


def test_sums_of_many_of_the_lowest_weights():
    rows = 700
    network = Network(
        (np.full((rows, 2), -128), np.full((2, 2), 127)),
        (8, 8), (1, 1), 1, 6, rows, np.arange(rows),
    )  # fmt: skip
    state = LearningState.of(
        replace(network, weights=(-network.weights[0] - 1, *network.weights[1:]))
    )
    for start in (LearningState.of(network), state):
        ticks = np.ones((2, rows), np.int32)
        results = compare((start, ticks, np.array([1, 1])), Settings(step=15))
        assert results[0]["hidden_rows"] == (0 if start is not state else 2)


def test_decisions_are_those_of_inference():
    state, ticks, _ = full_size()
    before = state.network
    learned = learn(state, ticks, np.full(len(ticks), UNLABELLED), Settings(), trace=True)
    expected = infer(before, ticks)
    assert state.network.digest() == before.digest()
    assert state.done == 0
    for name in ("decision", "tick", "forced", "spikes_in"):
        np.testing.assert_array_equal(getattr(learned, name), getattr(expected, name))
    np.testing.assert_array_equal(learned.hidden[0], expected.hidden[0])
    np.testing.assert_array_equal(learned.rule.until, expected.tick)


def test_learning_in_parts_is_learning():
    whole, ticks, labels = full_size()
    parts = whole.copy()
    how = Settings(row_draw=2, output_draw=1)
    at_once = learn(whole, ticks, labels, how)
    pieces = [learn(parts, ticks[i : i + 77], labels[i : i + 77], how) for i in range(0, 300, 77)]
    assert_same_state(whole, parts)
    in_parts = joined(pieces)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(at_once, name), getattr(in_parts, name))
    for name in OF_RULE:
        np.testing.assert_array_equal(getattr(at_once.rule, name), getattr(in_parts.rule, name))
    assert all(map(np.array_equal, at_once.weights, in_parts.weights))
    assert at_once.hidden is in_parts.hidden is None


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("every_competitor", [False, True])
@pytest.mark.parametrize("stored_bits", ANNEALING)
def test_it_learns(stored_bits, every_competitor, exact):
    state, ticks, labels = full_size(stored_bits=stored_bits, n=4000)
    for start in range(0, 3000, 500):
        how = settings_at(stored_bits, start, 3000, every_competitor)
        learn(state, ticks[start : start + 500], labels[start : start + 500], how, exact)
    assert state.done == 3000
    decision = infer(state.network, ticks[3000:]).decision
    assert (decision == labels[3000:]).mean() > 0.8


def test_the_generator_goes_through_all_states():
    s, visited = 1, set()
    while s not in visited:
        visited.add(s)
        s = leap(s)
    assert visited == set(range(1, 1 << 16))


@pytest.mark.parametrize("bits", ANNEALING)
def test_schedule(bits):
    N = 600_000
    phases = [settings_at(bits, n, N) for n in (0, 119_999, 120_000, 269_999, 270_000, 419_999)]
    assert phases[0] == phases[1] != phases[2] == phases[3] != phases[4] == phases[5]
    assert settings_at(bits, 420_000, N) == settings_at(bits, N - 1, N) != phases[5]
    assert settings_at(bits, 0, 1, True).every_competitor
    for n, total in ((-1, 5), (5, 5), (0, 0)):
        with pytest.raises(LearningError, match="not in a run"):
            settings_at(bits, n, total)
    with pytest.raises(LearningError, match="9 stored bits"):
        settings_at(9, 0, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"step": 0}, {"step": 16}, {"step": 1.0}, {"step": None},
        {"row_draw": -1}, {"row_draw": 16}, {"output_draw": 16}, {"every_competitor": 2},
        {"margin_shift": 8}, {"margin_minimum": 1}, {"margin_minimum": 256},
    ],
)  # fmt: skip
def test_settings_are_checked(wrong):
    (name,) = wrong
    with pytest.raises(LearningError, match=name):
        Settings(**wrong)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 10], r"labels has 10: .* 0\.\.9"),
        ([0, -2], r"labels has -2: give class numbers, integers in 0\.\.9, or -1 for none\."),
        ([0], "each of the 2 images"),
        ([[0, 1]], "each of the 2 images"),
        ([0.5, 1.0], "labels has 0.5"),
    ],
)
def test_wrong_labels_change_nothing(labels, message):
    state, ticks, _ = full_size(n=2)
    before = state.copy()
    with pytest.raises(LearningError, match=message):
        learn(state, ticks, np.array(labels), Settings())
    with pytest.raises(EncodingError):
        learn(state, ticks[:, 1:], np.array([1, 2]), Settings())
    assert_same_state(state, before)


def test_an_interrupt_changes_nothing(monkeypatch):
    state, ticks, labels = full_size(n=20)
    before = state.copy()
    learn_images = learning_kernel.learn_images

    def interrupted(*args):
        learn_images(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(learning_kernel, "learn_images", interrupted)
    with pytest.raises(KeyboardInterrupt):
        learn(state, ticks, labels, Settings())
    assert_same_state(state, before)
