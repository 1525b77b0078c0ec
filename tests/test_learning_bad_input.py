"""A core that learns, given bad events, aborts, resets, long pauses and requests to its weights.

Between all that it must learn exactly as golden does.
"""

import dataclasses
import functools
import itertools
import shutil
from collections.abc import Mapping

import numpy as np
import pytest

from firstspike.golden import Learned, LearningState, Settings, encode, events, infer, learn
from firstspike.golden.learning import UNLABELLED
from firstspike.golden.learning_cycles import learning_cycles
from firstspike.golden.schedule import Schedule
from firstspike.hdl.core import weight_chunks, weights_from_chunks
from firstspike.hdl.core_shape import CoreShape
from firstspike.hdl.events import Kind, input_layout
from firstspike.hdl.lfsr import Lfsr
from firstspike.sim.core import (
    Stimulus,
    end_item,
    event_items,
    image_items,
    read_requests,
)
from firstspike.sim.learning import (
    LearningRun,
    learn_items,
    learn_on_rtl,
    learning_differences,
)
from firstspike.sim.payloads import pack

ADDRESS, TICK, ORDER, ABORT = 1, 2, 4, 8
RESET_SETTINGS, RESET_GENERATOR = Settings(), Lfsr().signature.members["state"].init
DRAWING = Settings(step=3, row_draw=1, output_draw=1)
EVERYONE = Settings(5, 1, 2, every_competitor=True, margin_shift=1, margin_minimum=7)
SIMULATORS = [
    "verilator",
    pytest.param(
        "icarus",
        marks=pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is missing"),
    ),
]
on_both_simulators = pytest.mark.parametrize("simulator", SIMULATORS)


def make_state(seed: int = 1) -> LearningState:
    """Ten stored bits; not all groups of lanes are full."""
    state = LearningState.random((24, 19, 5), 10, seed)
    template = dataclasses.replace(state.template, thresholds=(20, 10), unit=16, deadline=101)
    return dataclasses.replace(state, template=template)


SCHEDULE = Schedule.of(make_state().network, lanes=4, window=2)
UNIT, DEADLINE = make_state().template.unit, make_state().template.deadline


@functools.cache
def shape() -> CoreShape:
    return CoreShape.of(make_state().network, SCHEDULE, stored_bits=10)


def images(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, ticks and labels of noisy versions of five images; some have no label."""
    rng = np.random.default_rng(seed)
    originals = np.random.default_rng(1).random((5, 24)) < 0.5
    labels = rng.integers(0, 5, count)
    pixels = (originals[labels] ^ (rng.random((count, 24)) < 0.1)).astype(np.uint8) * 255
    labels[rng.random(count) < 0.1] = UNLABELLED
    return pixels, encode(make_state().network, pixels), labels


def learn_in_parts(state, ticks, labels, settings: Mapping[int, Settings]) -> Learned:
    """Golden, with other settings from some images on."""
    starts = [*settings, len(ticks)]
    return Learned.together(
        [
            learn(state, ticks[first:end], labels[first:end], settings[first], trace=True)
            for first, end in itertools.pairwise(starts)
        ]
    )


def check(state, learned: Learned, run: LearningRun, cycles=None) -> None:
    """No difference to golden, except for errors, which are looked at elsewhere."""
    run = dataclasses.replace(run, error=np.zeros_like(run.error))
    assert not list(learning_differences(state, learned, cycles, run))


def item(kind: Kind, tick: int, address: int = 0) -> int:
    layout = input_layout(24, DEADLINE)
    return int(pack(layout, {"kind": kind.value, "tick": tick, "address": address}))


def with_a_bad_event(ticks: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """An image's items with one that is bad, and the cause that its decision is flagged with.

    It is not flagged if the decision is known when the bad event comes.
    """
    items = event_items(shape(), events(ticks)).tolist()
    if items and rng.random() < 0.2:
        late = [item(Kind.ADVANCE, DEADLINE), item(Kind.SPIKE, UNIT), end_item(shape())]
        return np.array([*items, *late]), 0
    position = int(rng.integers(0, len(items) + 1))
    bad = [
        (item(Kind.SPIKE, UNIT, 24 + rng.integers(0, 3)), ADDRESS),
        (item(Kind.SPIKE, 0), TICK | (ORDER if position else 0)),
        (item(Kind.SPIKE, DEADLINE + 1), TICK),
    ]
    if position:
        bad += [(item(Kind.SPIKE, UNIT - 1), ORDER), (item(Kind.ADVANCE, UNIT - 1), ORDER)]
    sent, cause = bad[rng.integers(len(bad))]
    return np.array([*items[:position], sent, *items[position:], end_item(shape())]), cause


@on_both_simulators
@pytest.mark.parametrize("pauses", [False, True])
def test_an_image_with_a_bad_event_is_flagged_and_not_learned(simulator, pauses):
    rng = np.random.default_rng(2)
    _, ticks, labels = images(40, seed=2)
    ticks[7] = 0
    state, items, error = make_state(), [], []
    for image, row in enumerate(ticks):
        sent, cause = with_a_bad_event(row, rng) if image % 3 else (None, 0)
        items.append(image_items(shape(), row, None) if sent is None else sent)
        error.append(cause)
    assert set(error) == {0, ADDRESS, TICK, ORDER, TICK | ORDER}
    run = learn_items(
        state, shape(), items, labels, DRAWING, Stimulus(pauses=pauses), simulator=simulator
    )
    assert run.error.tolist() == error
    labels = np.where(error, UNLABELLED, labels)
    check(state, learn(state, ticks, labels, DRAWING, trace=True), run)


@on_both_simulators
def test_an_image_that_is_aborted_before_its_decision_is_not_learned(simulator):
    """With a promise the decision may have fallen, and the run-on have stalled, by then.

    After its last event has been taken an image cannot be aborted, be it decided or not.
    """
    rng = np.random.default_rng(3)
    _, ticks, labels = images(40, seed=3)
    state, items, aborts, promised = make_state(), [], {}, {}
    for image in range(len(ticks)):
        spikes = events(ticks[image])
        aborts[image] = int(rng.integers(0, 400))
        if image % 4 == 0:
            items.append(image_items(shape(), ticks[image], None))
            continue
        sent = int(rng.integers(1, len(spikes) + 1))
        ticks[image, spikes[sent:, 1]] = 0
        promised[image] = int(rng.integers(UNIT + 1, DEADLINE + 1)) if image % 4 > 1 else UNIT
        items.append([*event_items(shape(), spikes[:sent]), item(Kind.ADVANCE, promised[image])])
    run = learn_items(
        state,
        shape(),
        items,
        labels,
        DRAWING,
        Stimulus(aborts=aborts, quiet_aborts=[0, 5, 20, 21]),
        simulator=simulator,
    )
    parts, error = [], []
    for image, row in enumerate(ticks):
        decided = promised.get(image, DEADLINE) >= infer(state.network, row[None]).tick[0]
        error.append(0 if decided else ABORT)
        label = labels[image] if decided else UNLABELLED
        parts.append(learn(state, row[None], np.array([label]), DRAWING, trace=True))
    learned = Learned.together(parts)
    assert run.error.tolist() == error
    assert learned.updated[list(promised)].any()
    assert any(error)
    check(state, learned, run)


@on_both_simulators
def test_a_bitmap_that_is_aborted_is_not_learned(simulator):
    rng = np.random.default_rng(8)
    pixels, ticks, labels = images(40, seed=8)
    state = make_state()
    schedule = Schedule.of(state.network, 4, 2, bitmap=8)
    with_bitmap = CoreShape.of(state.network, schedule, stored_bits=10)
    aborts = {image: int(rng.integers(0, 100)) for image in range(len(ticks)) if image % 3}
    items = [image_items(with_bitmap, ticks[i], pixels[i]) for i in range(len(ticks))]
    for image in aborts:
        items[image] = items[image][: rng.integers(1, len(items[image]))]
    run = learn_items(
        state, with_bitmap, items, labels, DRAWING, Stimulus(aborts=aborts), simulator=simulator
    )
    aborted = np.isin(np.arange(len(ticks)), list(aborts))
    assert run.error.tolist() == (ABORT * aborted).tolist()
    labels[aborted] = UNLABELLED
    learned = learn(state, ticks, labels, DRAWING, trace=True)
    cycles = learning_cycles(state.network, ticks, learned, schedule, pixels)
    # How many pixels had come through is the encoder's affair, and so is the decision.
    for golden, found in (
        (learned.decision, run.decision),
        (learned.tick, run.tick),
        (learned.forced, run.forced),
        (cycles.decision, run.cycles),
        (cycles.turnaround, run.turnaround),
    ):
        golden[aborted] = found[aborted]
    check(state, learned, run, cycles)


@on_both_simulators
def test_a_reset_may_come_at_any_moment(simulator):
    """Each weight is then what it was or what it was to be; settings and generator begin anew."""
    rng = np.random.default_rng(4)
    _, ticks, labels = images(96, seed=4)
    how = Settings(3, 0, 1)
    reset = range(1, len(ticks), 4)
    labels[reset] = np.maximum(labels[reset], 0)
    reads = read_requests(list(weight_chunks(shape(), make_state().network)))
    state = make_state()
    run = learn_on_rtl(
        state,
        ticks,
        labels,
        {0: how} | {image: how for image in range(3, len(ticks), 4)},
        SCHEDULE,
        Stimulus(
            resets={image: int(rng.integers(1, 500)) for image in reset},
            between={image + 1: reads for image in reset},
        ),
        simulator=simulator,
    )
    answers = iter(run.answers[:, 0].reshape(-1, len(reads)).tolist())
    parts, torn = [], 0
    for image in range(len(ticks)):
        settings = RESET_SETTINGS if image % 4 == 2 else how
        before = state.copy()
        parts.append(learn(state, ticks[[image]], labels[[image]], settings, trace=True))
        if image not in reset:
            continue
        found = weights_from_chunks(shape(), next(answers))
        for old, new, read in zip(before.weights, state.weights, found, strict=True):
            assert np.all((read == old) | (read == new))
        torn += all(
            any(map(np.any, map(np.not_equal, one.weights, found))) for one in (before, state)
        )
        for weights, read in zip(state.weights, found, strict=True):
            weights[:] = read
        state.generator = RESET_GENERATOR
    assert torn, "no reset has come in the middle of an update"
    learned = Learned.together(parts)
    cycles = learning_cycles(state.network, ticks, learned, SCHEDULE)
    for golden in (learned.decision, learned.tick, learned.forced, learned.updated, *cycles):
        golden[reset] = 0  # as in the run
    check(state, learned, run, cycles)


@on_both_simulators
@pytest.mark.parametrize("stimulus", [{"pauses": True}, {"decision_wait": 700}])
def test_streams_may_pause_and_decisions_wait(simulator, stimulus):
    rng = np.random.default_rng(5)
    _, ticks, labels = images(40, seed=5)
    state = make_state()
    words = read_requests(list(weight_chunks(shape(), state.network))[::2])
    # Both chunks of a word are read; what they hold at that moment is anybody's guess.
    during = [request for i in rng.integers(0, len(words), 200) for request in [words[i]] * 2]
    run = learn_on_rtl(
        state,
        ticks,
        labels,
        EVERYONE,
        SCHEDULE,
        Stimulus(during=during, **stimulus),
        simulator=simulator,
    )
    assert not run.error.any()
    check(state, learn(state, ticks, labels, EVERYONE, trace=True), run)


@on_both_simulators
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
            for chunk in weight_chunks(shape(), state.network, stored)
            if chunk[0] == layer and chunk[1] % len(stored[layer]) in rows
        ]
    run = learn_on_rtl(
        state, ticks, labels, DRAWING, SCHEDULE, Stimulus(between=between), simulator=simulator
    )
    parts = []
    for image in range(len(ticks)):
        if image in rewritten:
            layer, rows, weights = rewritten[image]
            state.weights[layer][rows] = weights
        parts.append(learn(state, ticks[[image]], labels[[image]], DRAWING, trace=True))
    learned = Learned.together(parts)
    check(state, learned, run, learning_cycles(state.network, ticks, learned, SCHEDULE))


@on_both_simulators
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
    run = learn_on_rtl(state, ticks, labels, settings, SCHEDULE, simulator=simulator)
    learned = learn_in_parts(state, ticks, labels, settings)
    check(state, learned, run, learning_cycles(state.network, ticks, learned, SCHEDULE))
