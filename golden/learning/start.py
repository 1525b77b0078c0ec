# SPDX-License-Identifier: BSD-2-Clause
"""Creates a state with random weights for learning any data; its inputs are binary."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from firstspike.golden.encoding import encode
from firstspike.golden.encodings.features import FeatureOptions, Features
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.encodings.samples import checked_samples, is_pixels
from firstspike.golden.training.quantise import most_active_inputs

from .state import STORED_BITS, LearningState

_SPIKES, _HIDDEN = 150, 600
"""Input spikes of an image, and hidden neurons, for which `LearningState.random` is designed."""


INPUTS = FeatureOptions(complement=True, constant=True)
"""Options for features: each has a second input, and one further input always spikes."""


def binary_features(samples: np.ndarray, options: FeatureOptions = INPUTS) -> Features | None:
    """Fit binary features to samples [n, ...]; return None for pixels, which need no features.

    Raises `EncodingError`.
    """
    samples = checked_samples(samples, options.medians)
    return None if is_pixels(samples) else encoding_of("binary").fitted(samples, options)


def at_random(
    samples: np.ndarray,
    sizes: Sequence[int],
    features: Features | None,
    *,
    stored_bits: int = STORED_BITS,
    seed: int = 1,
    n_connected: int | None = None,
    classes: tuple[str, ...] = (),
) -> LearningState:
    """Return a state with random weights for learning samples [n, ...].

    `sizes` are the numbers of hidden neurons and of outputs, `features` the result of
    `binary_features` for the samples. With `n_connected`, only the inputs that are bright most
    often are connected. `classes` names the outputs. For features, the threshold is chosen so that
    some neurons fire. Raises `LearningError` and `EncodingError`.
    """
    fills = features is not None and features.medians is not None
    samples, binary = checked_samples(samples, fills), encoding_of("binary")
    count = binary.n_inputs(features, samples[0].size)
    begin = partial(
        LearningState.random,
        (count, *sizes),
        stored_bits,
        seed,
        features=features,
        classes=classes,
    )
    state = begin()
    if n_connected is not None:
        values = binary.values(state.template, samples)
        state = begin(inputs=most_active_inputs(values, n_connected))
    if features is None:
        return state
    template = state.template
    spikes = np.count_nonzero(encode(template, samples)) / len(samples)
    shares = spikes / _SPIKES, sizes[0] / _HIDDEN
    thresholds = zip(template.thresholds, shares, strict=True)
    state.template = replace(
        template, thresholds=tuple(max(1, round(one * share)) for one, share in thresholds)
    )
    return state
