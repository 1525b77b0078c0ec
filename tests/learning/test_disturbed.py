# SPDX-License-Identifier: BSD-2-Clause
"""A core that learns, with resets, other weights and other settings between images.

It must learn what golden learns; tests/core/test_disturbances.py has what all cores share.
"""

import itertools
from collections.abc import Mapping

import numpy as np
import pytest

from firstspike.golden import Results, Settings, learn
from firstspike.golden.results import joined
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.hdl.core.config import weight_chunks, weights_from_chunks
from firstspike.hdl.learner.update_control import generator
from firstspike.sim.benches.core.items import items_of, read_requests
from firstspike.sim.benches.core.learning import learn_items, learn_on_rtl
from firstspike.sim.benches.core.run import Stimulus
from tests.support.learning_images import DRAWING, FOLDING, check, config, images, make_state
from tests.support.simulators import both_simulators

RESET_SETTINGS, RESET_GENERATOR = Settings(), generator().signature.members["state"].init


@pytest.mark.long
@both_simulators
def test_a_reset_may_come_at_any_moment(simulator):
    """Each weight is then what it was or what it was to be; settings and generator begin anew."""
    rng = np.random.default_rng(4)
    _, ticks, labels = images(96, seed=4)
    how = Settings(3, 0, 1)
    reset = range(1, len(ticks), 4)
    labels[reset] = np.maximum(labels[reset], 0)
    reads = read_requests(list(weight_chunks(config(), make_state().network)))
    state = make_state()
    run, answers = learn_items(
        state,
        config(),
        items_of(config(), ticks),
        labels,
        {0: how} | {image: how for image in range(3, len(ticks), 4)},
        Stimulus(
            resets={image: int(rng.integers(1, 500)) for image in reset},
            between={image + 1: reads for image in reset},
        ),
        simulator=simulator,
    )
    answers = iter(answers[:, 0].reshape(-1, len(reads)).tolist())
    parts, torn = [], 0
    for image in range(len(ticks)):
        settings = RESET_SETTINGS if image % 4 == 2 else how
        before = state.copy()
        parts.append(learn(state, ticks[[image]], labels[[image]], settings, trace=True))
        if image not in reset:
            continue
        actual = weights_from_chunks(config(), next(answers))
        for old, new, read in zip(before.weights, state.weights, actual, strict=True):
            assert np.all((read == old) | (read == new))
        torn += all(
            any(map(np.any, map(np.not_equal, one.weights, actual))) for one in (before, state)
        )
        for weights, read in zip(state.weights, actual, strict=True):
            weights[:] = read
        state.generator = RESET_GENERATOR
    assert torn, "no reset has come in the middle of an update"
    expected = learning_cycles(state.network, ticks, joined(parts), FOLDING)
    for name in ("decision", "tick", "forced", "spikes_in", "updated", "cycles", "turnaround"):
        getattr(expected, name)[reset] = 0  # as in the run
    check(expected, run)


@pytest.mark.long
@both_simulators
def test_weights_are_rewritten_between_images(simulator):
    rng = np.random.default_rng(6)
    _, ticks, labels = images(40, seed=6)
    rewritten = {}  # by image: layer, rows, their weights
    for image in range(2, len(ticks), 3):
        layer = image % 2
        n_in, n_out = make_state().weights[layer].shape
        rows = rng.permutation(n_in)[: rng.choice([1, n_in])]
        rewritten[image] = (layer, rows, rng.integers(-40, 70, (len(rows), n_out)))
    state = make_state()
    between = {}
    for image, (layer, rows, weights) in rewritten.items():
        stored = [layer_weights.copy() for layer_weights in state.weights]
        stored[layer][rows] = weights
        between[image] = [
            (1, *chunk)
            for chunk in weight_chunks(config(), state.network, stored)
            if chunk[0] == layer and chunk[1] % len(stored[layer]) in rows
        ]
    run = learn_on_rtl(
        state, ticks, labels, DRAWING, FOLDING, Stimulus(between=between), simulator=simulator
    )
    parts = []
    for image in range(len(ticks)):
        if image in rewritten:
            layer, rows, weights = rewritten[image]
            state.weights[layer][rows] = weights
        parts.append(learn(state, ticks[[image]], labels[[image]], DRAWING, trace=True))
    check(learning_cycles(state.network, ticks, joined(parts), FOLDING), run)


def learn_in_parts(state, ticks, labels, settings: Mapping[int, Settings]) -> Results:
    """Golden, with other settings from some images on."""
    starts = [*settings, len(ticks)]
    return joined(
        [
            learn(state, ticks[first:end], labels[first:end], settings[first], trace=True)
            for first, end in itertools.pairwise(starts)
        ]
    )


@both_simulators
def test_settings_change_between_images(simulator):
    rng = np.random.default_rng(7)
    _, ticks, labels = images(40, seed=7)
    settings = {
        image: Settings(
            step=int(rng.integers(1, 16)),
            row_draw=int(rng.choice([0, 1, 2, 15])),
            output_draw=int(rng.choice([0, 1, 3])),
            every_competitor=bool(rng.integers(2)),
            margin_shift=int(rng.integers(8)),
            margin_minimum=int(rng.choice([2, 3, 20, 255])),
        )
        for image in range(len(ticks))
        if image % 5
        if image != 1
    }
    settings = {0: DRAWING} | settings
    state = make_state()
    run = learn_on_rtl(state, ticks, labels, settings, FOLDING, simulator=simulator)
    learned = learn_in_parts(state, ticks, labels, settings)
    check(learning_cycles(state.network, ticks, learned, FOLDING), run)


def unchecked(**values: int) -> Settings:
    """Settings as the core's port takes them: it refuses nothing."""
    settings = Settings(margin_shift=7, row_draw=1, output_draw=1)
    for name, value in values.items():
        object.__setattr__(settings, name, value)
    return settings


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"step": 0}, {"step": 0}),
        ({"margin_minimum": 0}, {"margin_minimum": 2}),
        ({"margin_minimum": 1}, {"margin_minimum": 2}),
    ],
    ids=["step 0", "margin_minimum 0", "margin_minimum 1"],
)
def test_settings_out_of_range_mean_what_is_said_of_them(sent, meant):
    _, ticks, labels = images(40, seed=9)
    state = make_state()
    run, _ = learn_items(
        state,
        config(),
        items_of(config(), ticks),
        labels,
        unchecked(**sent),
    )
    before = [layer.copy() for layer in state.weights]
    learned = learn(state, ticks, labels, unchecked(**meant), trace=True)
    check(learning_cycles(state.network, ticks, learned, FOLDING), run)
    assert learned.updated.any()
    stays = [np.array_equal(*layers) for layers in zip(before, state.weights, strict=True)]
    assert stays == [sent == {"step": 0}, False]
