# SPDX-License-Identifier: BSD-2-Clause
"""A core that learns, given bad events and aborts: what is flagged must not be learned.

All else it must learn exactly as golden does.
"""

import numpy as np
import pytest

from firstspike.golden import events, infer, learn
from firstspike.golden.learning.rule import UNLABELLED, Settings
from firstspike.golden.results import joined
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.events import Kind, input_layout
from firstspike.hdl.lib.layouts import pack
from firstspike.sim.benches.core.items import end_item, event_items, image_items
from firstspike.sim.benches.core.learning import learn_items
from firstspike.sim.benches.core.run import Stimulus
from tests.support.learning_images import (
    DEADLINE,
    DRAWING,
    FOLDING,
    UNIT,
    check,
    config,
    images,
    make_state,
)
from tests.support.simulators import both_simulators

ADDRESS, TICK, ORDER, ABORT = 1, 2, 4, 8


def item(kind: Kind, tick: int, address: int = 0) -> int:
    layout = input_layout(24, DEADLINE)
    return int(pack(layout, {"kind": kind.value, "tick": tick, "address": address}))


def with_a_bad_event(ticks: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """An image's items with one that is bad, and the cause that its decision is flagged with.

    It is not flagged if the decision is known when the bad event comes.
    """
    items = event_items(config(), events(ticks)).tolist()
    if items and rng.random() < 0.2:
        late = [item(Kind.ADVANCE, DEADLINE), item(Kind.SPIKE, UNIT), end_item(config())]
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
    return np.array([*items[:position], sent, *items[position:], end_item(config())]), cause


@both_simulators
@pytest.mark.parametrize("pauses", [False, True])
def test_an_image_with_a_bad_event_is_flagged_and_not_learned(simulator, pauses):
    rng = np.random.default_rng(2)
    _, ticks, labels = images(40, seed=2)
    ticks[7] = 0
    state, items, error = make_state(), [], []
    for image, row in enumerate(ticks):
        sent, cause = with_a_bad_event(row, rng) if image % 3 else (None, 0)
        items.append(image_items(config(), row, None) if sent is None else sent)
        error.append(cause)
    assert set(error) == {0, ADDRESS, TICK, ORDER, TICK | ORDER}
    run, _ = learn_items(
        state, config(), items, labels, DRAWING, Stimulus(pauses=pauses), simulator=simulator
    )
    assert run.error.tolist() == error
    labels = np.where(error, UNLABELLED, labels)
    check(learn(state, ticks, labels, DRAWING, trace=True), run)


@both_simulators
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
            items.append(image_items(config(), ticks[image], None))
            continue
        sent = int(rng.integers(1, len(spikes) + 1))
        ticks[image, spikes[sent:, 1]] = 0
        promised[image] = int(rng.integers(UNIT + 1, DEADLINE + 1)) if image % 4 > 1 else UNIT
        items.append([*event_items(config(), spikes[:sent]), item(Kind.ADVANCE, promised[image])])
    run, _ = learn_items(
        state,
        config(),
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
    learned = joined(parts)
    assert run.error.tolist() == error
    assert learned.updated[list(promised)].any()
    assert any(error)
    check(learned, run)


@both_simulators
def test_a_bitmap_that_is_aborted_is_not_learned(simulator):
    rng = np.random.default_rng(8)
    pixels, ticks, labels = images(40, seed=8)
    state = make_state()
    folding = Folding.of(state.network, CoreShape(4, 2, bitmap=8))
    with_bitmap = CoreConfig.of(state.network, folding, stored_bits=10)
    aborts = {image: int(rng.integers(0, 100)) for image in range(len(ticks)) if image % 3}
    items = [image_items(with_bitmap, ticks[i], pixels[i]) for i in range(len(ticks))]
    for image in aborts:
        items[image] = items[image][: rng.integers(1, len(items[image]))]
    run, _ = learn_items(
        state, with_bitmap, items, labels, DRAWING, Stimulus(aborts=aborts), simulator=simulator
    )
    aborted = np.isin(np.arange(len(ticks)), list(aborts))
    assert run.error.tolist() == (ABORT * aborted).tolist()
    labels[aborted] = UNLABELLED
    learned = learn(state, ticks, labels, DRAWING, trace=True)
    expected = learning_cycles(state.network, ticks, learned, folding, pixels)
    # How many pixels had come through is the encoder's affair, and so is the decision.
    for name in ("decision", "tick", "forced", "spikes_in", "cycles", "turnaround"):
        getattr(expected, name)[aborted] = getattr(run, name)[aborted]
    check(expected, run)


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
        [image_items(config(), row, None) for row in ticks],
        labels,
        unchecked(**sent),
    )
    before = [layer.copy() for layer in state.weights]
    learned = learn(state, ticks, labels, unchecked(**meant), trace=True)
    check(learning_cycles(state.network, ticks, learned, FOLDING), run)
    assert learned.updated.any()
    stays = [np.array_equal(*layers) for layers in zip(before, state.weights, strict=True)]
    assert stays == [sent == {"step": 0}, False]
