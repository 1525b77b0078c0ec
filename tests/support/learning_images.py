# SPDX-License-Identifier: BSD-2-Clause
"""Cores that learn: random starts, a small core and images for it, and equality with golden."""

import dataclasses
import functools
from typing import Any

import numpy as np

from firstspike.golden import LearningState, Results, Settings, differences, encode, learn
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.sim.direct import learn_directly

DRAWING = Settings(step=3, row_draw=1, output_draw=1)


def random_state(
    sizes: tuple[int, int, int], stored_bits: int, seed: int, **fields: Any
) -> LearningState:
    """A random start, whose network has other values in some fields."""
    state = LearningState.random(sizes, stored_bits, seed)
    return dataclasses.replace(state, template=dataclasses.replace(state.template, **fields))


def make_state(seed: int = 1) -> LearningState:
    """Ten stored bits; not all groups of lanes are full."""
    return random_state((24, 19, 5), 10, seed, thresholds=(20, 10), unit=16, deadline=101)


FOLDING = Folding.of(make_state().network, CoreShape(lanes=4, window=2))
UNIT, DEADLINE = make_state().template.unit, make_state().template.deadline


@functools.cache
def config() -> CoreConfig:
    return CoreConfig.of(make_state().network, FOLDING, stored_bits=10)


def images(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, ticks and labels of noisy versions of five images; some have no label."""
    rng = np.random.default_rng(seed)
    originals = np.random.default_rng(1).random((5, 24)) < 0.5
    labels = rng.integers(0, 5, count)
    pixels = (originals[labels] ^ (rng.random((count, 24)) < 0.1)).astype(np.uint8) * 255
    labels[rng.random(count) < 0.1] = UNLABELLED
    return pixels, encode(make_state().network, pixels), labels


def learned_alike(
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    folding: Folding,
    pauses: bool = False,
    seed: int = 1,
) -> Results:
    """Golden's results of images that the core in Amaranth learns without a difference.

    Cycles are compared, too, where no pauses are between the inputs.
    """
    network = state.network
    run = learn_directly(state, ticks, labels, settings, folding, pauses, seed)
    learned = learn(state, ticks, labels, settings, trace=True)
    if not pauses:
        learned = learning_cycles(network, ticks, learned, folding, last_layer=state.last_layer)
    assert run.weights is not None
    assert not list(differences(learned, run))
    return learned


def check(expected: Results, actual: Results) -> None:
    """No difference to golden, except for errors, which are looked at elsewhere."""
    assert actual.weights is not None
    actual = dataclasses.replace(actual, error=np.zeros_like(actual.error))
    assert not list(differences(expected, actual))
