# SPDX-License-Identifier: BSD-2-Clause
"""A latency is said once: changed there, hardware and cycle model change together."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from firstspike.golden import Network, Settings, differences, encode, infer, learn
from firstspike.golden.learning.state import LearningState
from firstspike.golden.timing import latencies
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.direct import learn_directly, simulate_directly

CHANGES = [
    ("INGRESS_CHECK", 2),
    ("INGRESS_CHECK", 4),
    ("ADDRESS", 2),
    ("ADDRESS", 3),
    ("LEVELS_PER_STAGE", 2),
]


CHANGES_OF_BANKS = [*CHANGES[:-1], ("LEVELS_PER_STAGE_OF_BANKS", 1)]
"""The changes for a last layer that adds several rows per cycle."""


@pytest.mark.parametrize(
    ("folded", "change"),
    [
        *product(
            [
                {"lanes": 20, "window": 0},
                {"lanes": 4, "window": 2},
                {"lanes": 4, "window": 3, "bitmap": 8},
                {"lanes": 4, "window": 2, "rows": 2},
            ],
            CHANGES,
        ),
        *product(
            [{"lanes": 36, "rows": 4}, {"lanes": 36, "rows": 4, "bitmap": 8}], CHANGES_OF_BANKS
        ),
    ],
)
def test_core(folded, change, monkeypatch):
    rng = np.random.default_rng(1)
    network = Network(
        weights=(rng.integers(-4, 8, (20, 36)), rng.integers(-8, 8, (36, 8))),
        weight_bits=(4, 4),
        thresholds=(12, 9),
        unit=9,
        deadline=60,
        n_inputs=20,
        inputs=np.arange(20),
    )
    pixels = rng.integers(0, 256, (4, 20)).astype(np.uint8)
    ticks = encode(network, pixels)
    inference = infer(network, ticks)
    folding = Folding.of(network, CoreShape(**folded))
    before = cycles(network, ticks, inference, folding, pixels)
    monkeypatch.setattr(latencies, *change)
    expected = cycles(network, ticks, inference, folding, pixels)
    assert np.all(expected != before)
    run = simulate_directly(network, ticks, folding, pixels)
    assert not list(differences(replace(inference, cycles=expected), run))


@pytest.mark.parametrize(("name", "figure"), [*CHANGES, ("SORTING", 30)])
def test_learning(name, figure, monkeypatch):
    rng = np.random.default_rng(2)
    state = LearningState.random((20, 13, 5), 8, 2)
    network = state.network
    ticks = encode(network, rng.integers(0, 256, (2, 20)).astype(np.uint8))
    labels = rng.integers(0, 5, len(ticks))
    folding = Folding.of(network, CoreShape(4, 2))
    learned = learn(state.copy(), ticks, labels, Settings(), trace=True)
    before = learning_cycles(network, ticks, learned, folding)
    monkeypatch.setattr(latencies, name, figure)
    expected = learning_cycles(network, ticks, learned, folding)
    assert np.all(expected.turnaround != before.turnaround)
    run = learn_directly(state, ticks, labels, Settings(), folding)
    assert learned.updated.any()
    assert not list(differences(expected, run))
