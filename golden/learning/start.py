# SPDX-License-Identifier: BSD-2-Clause
"""Random weights to learn on from, for any data: binary inputs, which all spike at one tick."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from firstspike.golden.encoding import encode
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.encodings.samples import checked_samples, is_pixels
from firstspike.golden.training.quantise import most_active_inputs

from .state import STORED_BITS, LearningState

_SPIKES, _HIDDEN = 150, 600
"""Input spikes of an image and hidden neurons that `LearningState.random` is made for."""


def at_random(
    samples: np.ndarray,
    hidden: Sequence[int],
    n_classes: int,
    *,
    stored_bits: int = STORED_BITS,
    seed: int = 1,
    n_connected: int | None = None,
    complement: bool = True,
    constant: bool = True,
    threshold: float | None = None,
    names: tuple[str, ...] = (),
    classes: tuple[str, ...] = (),
) -> LearningState:
    """A state to learn samples [n, ...] from: pixels as they are, all else as binary features.

    `hidden`: sizes, of which there must be one; `n_connected`: of the inputs most often bright,
    None for all; complement, constant and threshold are those of features, `names` and `classes`
    what they are called. Thresholds of features are such that some neurons fire. Raises
    `LearningError` and `EncodingError`.
    """
    samples, binary = checked_samples(samples), encoding_of("binary")
    features = None
    if not is_pixels(samples):
        features = binary.fitted(samples, complement, constant, threshold, names)
    count = binary.n_inputs(features, samples[0].size)
    layers = (count, *hidden, n_classes)
    state = LearningState.random(layers, stored_bits, seed, features=features, classes=classes)
    if n_connected is not None:
        inputs = most_active_inputs(binary.values(state.template, samples), n_connected)
        state = LearningState.random(
            layers, stored_bits, seed, inputs=inputs, features=features, classes=classes
        )
    if features is None:
        return state
    template = state.template
    spikes = np.count_nonzero(encode(template, samples)) / len(samples)
    shares = spikes / _SPIKES, hidden[0] / _HIDDEN
    thresholds = zip(template.thresholds, shares, strict=True)
    state.template = replace(
        template, thresholds=tuple(max(1, round(one * share)) for one, share in thresholds)
    )
    return state
