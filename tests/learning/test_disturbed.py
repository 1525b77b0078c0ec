# SPDX-License-Identifier: BSD-2-Clause
"""A core that learns, with resets, pauses, and requests to its weights and settings.

Between all that it must learn exactly as golden does.
"""

import itertools
from collections.abc import Mapping

import numpy as np
import pytest

from firstspike.golden import Results, Settings, learn
from firstspike.golden.results import joined
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.hdl.core.config import weight_chunks, weights_from_chunks
from firstspike.hdl.learner.learner import generator
from firstspike.sim.benches.core.items import items_of, read_requests
from firstspike.sim.benches.core.learning import learn_items, learn_on_rtl
from firstspike.sim.benches.core.run import Stimulus
from tests.support.learning_images import DRAWING, FOLDING, check, config, images, make_state
from tests.support.simulators import both_simulators

RESET_SETTINGS, RESET_GENERATOR = Settings(), generator().signature.members["state"].init
EVERYONE = Settings(5, 1, 2, every_competitor=True, margin_shift=1, margin_minimum=7)


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
        found = weights_from_chunks(config(), next(answers))
        for old, new, read in zip(before.weights, state.weights, found, strict=True):
            assert np.all((read == old) | (read == new))
        torn += all(
            any(map(np.any, map(np.not_equal, one.weights, found))) for one in (before, state)
        )
        for weights, read in zip(state.weights, found, strict=True):
            weights[:] = read
        state.generator = RESET_GENERATOR
    assert torn, "no reset has come in the middle of an update"
    expected = learning_cycles(state.network, ticks, joined(parts), FOLDING)
    for name in ("decision", "tick", "forced", "spikes_in", "updated", "cycles", "turnaround"):
        getattr(expected, name)[reset] = 0  # as in the run
    check(expected, run)


@both_simulators
@pytest.mark.parametrize("stimulus", [{"pauses": True}, {"decision_wait": 700}])
def test_streams_may_pause_and_decisions_wait(simulator, stimulus):
    rng = np.random.default_rng(5)
    _, ticks, labels = images(40, seed=5)
    state = make_state()
    words = read_requests(list(weight_chunks(config(), state.network))[::2])
    # Both chunks of a word are read; what they hold at that moment is anybody's guess.
    during = [request for i in rng.integers(0, len(words), 200) for request in [words[i]] * 2]
    run = learn_on_rtl(
        state,
        ticks,
        labels,
        EVERYONE,
        FOLDING,
        Stimulus(during=during, **stimulus),
        simulator=simulator,
    )
    assert not run.error.any()
    check(learn(state, ticks, labels, EVERYONE, trace=True), run)


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
