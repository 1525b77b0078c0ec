# SPDX-License-Identifier: BSD-2-Clause
"""Samples in the form for the optimiser, and their network without weights."""

import math
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np

from firstspike.golden.data.split import held_out
from firstspike.golden.encodings.encoding import Encoding
from firstspike.golden.encodings.features import NO_OPTIONS, FeatureOptions, Features
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.network import Network
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.system.specification import Changes

from .quantise import most_active_inputs, plain_template
from .specification import Training, TrainingError


@dataclass(frozen=True, eq=False)
class TrainingSamples:
    """The samples of a training."""

    network: Network
    """Network of one layer without weights; inputs, encoding and times are final."""
    values: np.ndarray
    """Pixels uint8 [n, pixels], which can be varied, or levels or ticks [n, n_inputs]."""
    table: np.ndarray
    """float64: the z at which a connected input of each value of `rows` spikes, inf for silent."""
    held_out: np.ndarray
    """bool [n]: samples that are not trained on, but choose the epoch."""
    pixels: bool
    """Whether the values are pixels, which the encoding has yet to convert to inputs."""
    size: tuple[int, int]
    """Rows and columns of the maps of a sample, for a convolving layer."""

    def rows(self, values: np.ndarray) -> np.ndarray:
        """Return the connected inputs [k, n_rows] of `values` [k, ...]."""
        if self.pixels:
            values = self.network.coding.values(self.network, values)
        return values[:, self.network.inputs]


def prepare_samples(
    training: Training,
    samples: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray | None = None,
    names: tuple[str, ...] = (),
    sound: FrontEnd | None = None,
) -> TrainingSamples:
    """Fit the encoding to the training samples, and convert all samples for the optimiser.

    `samples`: [n, ...] as `checked_samples` returns them, `labels` and `groups`: [n]; `names` of
    features. `sound` is the front end that made the samples. Raises `TrainingError`,
    `EncodingError`, `SplitError`, `NetworkError`.
    """
    coding = encoding_of(training.encoding)
    further = training.complement, training.constant, training.cutoff
    options = FeatureOptions(*further, names, sound, training.medians)
    _check_options(coding, options)
    chooses = _held_out(training, labels, groups)
    pixels = coding.sees_pixels(samples, training.cutoff)
    features = coding.fitted(samples if pixels else samples[~chooses], options)
    _check_augmentation(training, samples[0].size, pixels)
    width = coding.n_inputs(features, samples[0].size)
    own = {name: getattr(training, name) for name in ("unit", "deadline", "encoding", "late")}
    network = plain_template(width, training.weight_bits, features=features, **own)
    spiking, ticks = coding.values(network, samples), coding.table(network)
    inputs = _inputs(training, spiking[~chooses], features)
    if pixels:
        values = samples.reshape(len(samples), -1)
    else:
        values = spiking.astype(np.min_scalar_type(len(ticks)))
    return TrainingSamples(
        network=replace(network, weights=(np.zeros((len(inputs), 1), int),), inputs=inputs),
        values=values,
        table=np.where(ticks > 0, ticks / training.unit, np.inf),
        held_out=chooses,
        pixels=pixels,
        size=_size(samples[0], pixels, sound),
    )


def fitted_template(samples: np.ndarray, names: tuple[str, ...], **fields: Any) -> Network:
    """Return the network of `TrainingSamples`, with the encoding fitted to samples [n, ...].

    `fields` are fields of `Training`. Raises as `prepare_samples` does.
    """
    changes = Changes(Training, **{"n_connected": None, **fields}, held_out=0, augmentation=None)
    return prepare_samples(
        changes.applied(Training()), samples, np.zeros(len(samples), int), None, names
    ).network


def _held_out(training: Training, labels: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    last, n = training.held_out, len(labels)
    if last is None or not isinstance(last, Integral):
        chooses = held_out(labels, last, groups)
    elif last < n:
        chooses = np.arange(n) >= n - last
    else:
        raise TrainingError(
            f"there are {n} samples: give more than the {last} held out, or as held_out a number "
            f"in 0..{n - 1}, a share below 1.0, or None."
        )
    if training.patience is not None and not chooses.any():
        raise TrainingError(
            f"all {n} samples are trained on, and none is held out to end training: leave the "
            "patience out, or hold out a share of the samples."
        )
    return chooses


def _check_options(coding: Encoding, options: FeatureOptions) -> None:
    """Raise `TrainingError` for an option that the encoding does not support."""
    if options.sound is not None and not coding.levels:
        raise TrainingError(
            f"the samples are pictures of words, which take levels-N or binary: leave the encoding "
            f"{coding.name} out."
        )
    for name in ("complement", "cutoff", "constant", "medians"):
        if getattr(options, name) is not getattr(NO_OPTIONS, name) and name not in coding.OPTIONS:
            whose = "of features" if name != "constant" else "of features and of time series"
            raise TrainingError(
                f"{'medians are' if name == 'medians' else f'a {name} is'} {whose}: the encoding "
                f"{coding.name} has none, leave it out."
            )


def _check_augmentation(training: Training, n_pixels: int, pixels: bool) -> None:
    augmentation = training.augmentation
    if augmentation is not None and not pixels:
        if training.cutoff is not None:
            raise TrainingError(
                "pixels that are varied are bright from 128 on: leave the cutoff out, or train "
                "without augmentation, as the recipe plain does."
            )
        raise TrainingError("only pixels can be augmented: give no augmentation.")
    if (
        augmentation is not None
        and augmentation.geometric
        and math.isqrt(n_pixels) ** 2 != n_pixels
    ):
        raise TrainingError(
            f"images of {n_pixels} pixels are not square: augment them by flips only."
        )


def _size(sample: np.ndarray, pixels: bool, sound: FrontEnd | None) -> tuple[int, int]:
    """Return rows and columns of a map. A row of pixels is a square if the pixels fill one.

    Each channel of a time series is a map of one row, so a layer convolves along the steps.
    """
    if sound is not None:
        return sound.frames, len(sound.filters)
    if not pixels:
        return 1, sample.shape[-1]
    if sample.ndim == 2:
        return sample.shape
    side = math.isqrt(sample.size)
    return (side, side) if side**2 == sample.size else (1, sample.size)


def _inputs(training: Training, spiking: np.ndarray, features: Features | None) -> np.ndarray:
    """Return the connected inputs; `spiking` [n, n_inputs] is 0 for silent inputs."""
    if training.convolves:
        return np.arange(spiking.shape[1], dtype=np.int32)
    if training.n_connected is not None:
        return most_active_inputs(spiking, training.n_connected)
    if features is None:
        return np.arange(spiking.shape[1], dtype=np.int32)
    # A constant input carries no information, except the one that always spikes.
    varied = spiking.min(axis=0) != spiking.max(axis=0)
    varied[-1] |= features.constant
    return np.flatnonzero(varied if varied.any() else ~varied).astype(np.int32)
