# SPDX-License-Identifier: BSD-2-Clause
"""The kinds of samples that a user can provide, and their checks."""

from enum import Enum
from typing import Any

import numpy as np

from firstspike.golden.system.errors import FirstSpikeError, quoted


class EncodingError(FirstSpikeError, ValueError):
    """Samples or spikes do not fit the network; the message gives what does."""


class SampleKind(Enum):
    """Kinds of samples that a network accepts."""

    PIXELS = "pixels"
    """uint8, 0..255."""
    TABLE = "table"
    """One number per feature."""
    SERIES = "series"
    """Time series [channels, steps]."""
    TICKS = "ticks"
    """The spike tick of every input, 0 for silent."""


def sample_array(samples: Any) -> np.ndarray:
    """Return samples as an array. Raises `EncodingError`, as for lists of several lengths."""
    try:
        return np.asarray(samples)
    except (TypeError, ValueError):
        raise EncodingError(
            f"the samples are {quoted(samples)}: give an array of numbers [n, features]."
        ) from None


def checked_samples(samples: Any, missing: bool = False) -> np.ndarray:
    """Return samples [n, ...] as uint8 or finite float64. Raises `EncodingError`.

    With `missing`, values may be NaN.
    """
    samples = sample_array(samples)
    if samples.dtype.kind not in "biuf" or samples.ndim < 2 or 0 in samples.shape[1:]:
        raise EncodingError(
            f"the samples are {samples.dtype} {list(samples.shape)}: give numbers [n, features]."
        )
    if samples.dtype == np.uint8:
        return samples
    samples = samples.astype(np.float64)
    wrong = np.isinf(samples) if missing else ~np.isfinite(samples)
    if wrong.any():
        sample, *index = np.argwhere(wrong)[0].tolist()
        raise EncodingError(
            f"sample {sample} has {samples[sample, *index]} as its feature "
            f"{', '.join(map(str, index))}: every value must be a finite number."
        )
    return samples


def is_pixels(samples: np.ndarray) -> bool:
    """Whether samples are treated as pixels 0..255: uint8, some of which are bright."""
    return samples.dtype == np.uint8 and bool(samples.size) and int(samples.max()) >= 128


def even_edges(low: np.ndarray, high: np.ndarray, N: int) -> np.ndarray:
    """Return the N - 1 edges between N equal parts of each range: [len(low), N-1]."""
    low, high, share = low[:, None], high[:, None], np.arange(1, N) / N
    with np.errstate(over="ignore"):
        width = high - low
    # A range wider than the largest float is divided in parts.
    edges = low + np.where(np.isfinite(width), width, 0) * share
    return np.where(np.isfinite(width), edges, low * (1 - share) + high * share)
