# SPDX-License-Identifier: BSD-2-Clause
"""A small core that learns, and images for it: for tests that disturb it."""

import dataclasses
import functools

import numpy as np

from firstspike.golden import LearningState, Results, Settings, differences, encode
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig

DRAWING = Settings(step=3, row_draw=1, output_draw=1)


def make_state(seed: int = 1) -> LearningState:
    """Ten stored bits; not all groups of lanes are full."""
    state = LearningState.random((24, 19, 5), 10, seed)
    template = dataclasses.replace(state.template, thresholds=(20, 10), unit=16, deadline=101)
    return dataclasses.replace(state, template=template)


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


def check(expected: Results, actual: Results) -> None:
    """No difference to golden, except for errors, which are looked at elsewhere."""
    assert actual.weights is not None
    actual = dataclasses.replace(actual, error=np.zeros_like(actual.error))
    assert not list(differences(expected, actual))
