"""Cores that learn, of every shape, against the golden rule: weights, decisions and cycles.

Small random networks on Amaranth's simulator. Every pair of values of two parameters occurs.
"""

import dataclasses

import numpy as np
import pytest
from pairwise import pairwise

from firstspike.golden import encode
from firstspike.golden.cycles import cycles, turnaround
from firstspike.golden.learning import UNLABELLED, Settings, learn
from firstspike.golden.learning_state import LearningState
from firstspike.golden.schedule import Schedule
from firstspike.sim.direct import learn_directly
from firstspike.sim.learning import learning_differences

SHAPES = pairwise(
    {
        "sizes": [(20, 13, 5), (9, 40, 3), (33, 17, 1), (1, 5, 2), (12, 1, 3), (28, 36, 7)],
        "lanes": [1, 3, 4, 16, 100],
        "window": [0, 1, 3, 4],
        "bits": [8, 10],
        "unit": [3, 16, 64],
        "slack": [0, 5],
        "thresholds": [(4, 3), (40, 30), (150, 9)],
        "step": [1, 4, 15],
        "draws": [(0, 0), (1, 0), (0, 2), (2, 1)],
        "margin": [(3, 2), (0, 2), (7, 9), (2, 200)],
        "every_competitor": [False, True],
        "extreme": [False, True],
        "pauses": [False, True],
    }
)


def make_state(shape: dict, seed: int) -> LearningState:
    """Random weights; where `extreme`, about to saturate."""
    state = LearningState.random(shape["sizes"], shape["bits"], seed)
    unit = shape["unit"]
    template = dataclasses.replace(
        state.template,
        thresholds=shape["thresholds"],
        unit=unit,
        deadline=6 * unit + shape["slack"],
    )
    state = dataclasses.replace(state, template=template)
    if shape["extreme"]:
        highest = (1 << shape["bits"] - 1) - 1
        for weights in state.weights:
            weights[:] = np.where(weights > 0, highest - 3, weights)
            weights[:, ::3] = np.where(weights[:, ::3] <= 0, -highest + 3, weights[:, ::3])
    return state


@pytest.mark.parametrize("number", range(len(SHAPES)))
def test_weights_and_cycles(number):
    shape = SHAPES[number]
    rng = np.random.default_rng(number)
    state = make_state(shape, number)
    n_in, _, n_out = shape["sizes"]
    pixels = (rng.random((5, n_in)) < 0.5).astype(np.uint8) * 255
    labels = rng.integers(UNLABELLED, n_out, len(pixels))
    schedule = Schedule.of(state.network, shape["lanes"], shape["window"])
    settings = Settings(shape["step"], *shape["draws"], shape["every_competitor"], *shape["margin"])
    ticks = encode(state.network, pixels)
    run = learn_directly(state, ticks, labels, settings, schedule, shape["pauses"], number)
    network = state.network
    learned = learn(state, ticks, labels, settings, trace=True)
    expected = run.cycles, run.turnaround
    if not shape["pauses"]:
        expected = (
            cycles(network, ticks, learned, schedule),
            turnaround(network, ticks, learned, schedule),
        )
    assert not list(learning_differences(state, learned, *expected, run))
