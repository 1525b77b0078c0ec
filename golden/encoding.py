# SPDX-License-Identifier: BSD-2-Clause
"""Samples to spikes: which tick every connected input spikes at (DESIGN, section 2)."""

from typing import Any

import numpy as np

from .encodings.features import EncodingError, checked_samples, pixel_levels
from .network import Network


def level_ticks(network: Network) -> np.ndarray:
    """The tick an input of each level 0..N-1 spikes at, 0 for never: int32 [N]."""
    N, unit = network.levels, network.unit
    ticks = unit + (N - 1 - np.arange(N)) * 5 * unit // (N - 1)
    ticks[0] = max(network.late, 0)
    return ticks.astype(np.int32)


def encode(network: Network, samples: Any) -> np.ndarray:
    """Spike ticks of the connected inputs.

    `samples`: [n, ...], each with as many values as the network has features, or inputs where it
    has no `features`, which then are pixels uint8, or ticks. Returns int32 [n, n_rows], column r
    for the input `network.inputs[r]`; 0 is silent (nothing spikes at tick 0). Raises
    `EncodingError`.
    """
    if network.levels:
        return level_ticks(network)[input_levels(network, samples)[:, network.inputs]]
    samples = fitting(network, samples)
    if network.features is None:
        if samples.dtype.kind == "f" and np.any(samples != np.rint(samples)):
            raise EncodingError("the samples are no integers: this network takes spike ticks.")
        if samples.size and (samples.min() < 0 or samples.max() > network.deadline):
            raise EncodingError(
                f"the ticks go from {samples.min():g} to {samples.max():g}: "
                f"they must be in 1..{network.deadline}, the deadline, or 0 for silent."
            )
        return samples[:, network.inputs].astype(np.int32)
    steps = network.features.crossings(samples)[:, network.inputs]
    ticks = network.unit + steps * (5 * network.unit) // (network.features.steps - 1)
    return np.where(steps < 0, 0, ticks).astype(np.int32)


def input_levels(network: Network, samples: Any) -> np.ndarray:
    """The level of every input, uint8 [n, n_inputs], of samples as `encode` takes them.

    Of a network whose encoding has levels. Raises `EncodingError`.
    """
    samples = fitting(network, samples)
    if network.features is None:
        return pixel_levels(samples, network.levels)
    return network.features.levels(samples, network.levels)


def bitmap_pixels(network: Network, samples: Any) -> np.ndarray | None:
    """What a bitmap in front of the core sees of samples: uint8 [n, n_inputs], 255 where bright.

    None for a network that takes no bitmaps. Raises `EncodingError`.
    """
    if not network.takes_bitmap:
        return None
    return (input_levels(network, samples) > 0).astype(np.uint8) * 255


def fitting(network: Network, samples: Any) -> np.ndarray:
    """The samples, each flat unless it is a time series, checked to be this network's.

    Raises `EncodingError`.
    """
    samples = checked_samples(samples)
    features = network.features
    if features is not None and features.steps:
        wanted = (network.n_features, features.steps)
        if samples.shape[1:] != wanted:
            raise EncodingError(
                f"the samples are {list(samples.shape)}: this network takes time series "
                f"[n, {wanted[0]}, {wanted[1]}]; bring them to {wanted[1]} steps."
            )
        return samples
    samples = samples.reshape(len(samples), -1)
    pixels = network.takes_pixels
    count = network.n_features
    if samples.shape[1] != count or (pixels and samples.dtype != np.uint8):
        raise EncodingError(
            f"the samples are {samples.dtype} {list(samples.shape)}: this network takes "
            + (f"uint8 pixels [n, {count}]." if pixels else f"numbers [n, {count}].")
        )
    return samples


def events(ticks_row: np.ndarray) -> np.ndarray:
    """One image's spikes in the order the hardware takes them, and logs those of a layer.

    `ticks_row`: int32 [n_rows], 0 = silent. Returns int32 [k, 2], (tick, row), by tick, then row.
    """
    rows = np.flatnonzero(ticks_row)
    rows = rows[np.argsort(ticks_row[rows], kind="stable")]
    return np.stack([ticks_row[rows], rows], axis=1).astype(np.int32)
