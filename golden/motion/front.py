# SPDX-License-Identifier: BSD-2-Clause
"""The front end for motion: makes a picture of each window of samples (DESIGN, section 9).

For each axis, a picture shows the distribution of the axis's means over the window, and the size of
its changes. It does not depend on their order, and therefore not on the start of a movement.
"""

import json
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Self

import numpy as np

from firstspike.golden.foreign.fields import NetworkError, described_json
from firstspike.golden.sound.filters import MOST_LEVEL, SAMPLE_BITS
from firstspike.golden.system.specification import check, parameter

FORMAT = "firstspike-motion-1"

MEAN_OF_ZERO = (MOST_LEVEL + 1) // 2
"""Pixel value of a mean of 0."""

_MOST_AXES = 16


@dataclass(frozen=True)
class MotionFrontEnd:
    """The parameters of a front end for motion. A field out of range raises `NetworkError`."""

    rate: int = parameter(MISSING, low=1, high=1000)
    """Samples per second and axis."""
    frame: int = parameter(MISSING, low=2, high=64)
    """Samples per frame, a power of two."""
    frames: int = parameter(MISSING, low=1, high=32)
    """Frames per window."""
    hop: int = parameter(MISSING, low=1, high=32)
    """Frames between the ends of consecutive windows."""
    least: int = parameter(MISSING, low=0, high=MOST_LEVEL)
    """Steps of the logarithm for a pixel of 0."""
    contrast: int = parameter(MISSING, low=0, high=5)
    """Each step of the logarithm increases a pixel by 2^contrast."""
    downs: tuple[int, ...] = parameter(MISSING, low=0, high=SAMPLE_BITS - 1)
    """Right shift of the means of each axis, in bits."""

    def __post_init__(self) -> None:
        check(self, NetworkError)
        if self.frame & (self.frame - 1):
            raise NetworkError(f"frame is {self.frame}: it must be a power of two.")
        if not 1 <= len(self.downs) <= _MOST_AXES:
            raise NetworkError(f"there are {len(self.downs)} axes: give 1 to {_MOST_AXES} of them.")

    @property
    def axes(self) -> int:
        """Number of axes of a sample."""
        return len(self.downs)

    @property
    def n_pixels(self) -> int:
        """Number of pixels of a picture."""
        return self.axes * (self.frames + 1)

    def frames_of(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the pixels of the means, uint8, and the changes, int64: each [frames, axes].

        `x`: int16 [n, axes]. A sample of zeros precedes it.
        """
        count = len(x) // self.frame
        x = x[: count * self.frame].astype(np.int64)
        steps = np.abs(np.diff(x, axis=0, prepend=np.zeros((1, self.axes), np.int64)))
        sums, changes = (v.reshape(count, self.frame, self.axes).sum(axis=1) for v in (x, steps))
        means = sums >> self.frame.bit_length() - 1 + np.array(self.downs)
        return _as_pixels(means + MEAN_OF_ZERO), changes

    def pictures(self, x: np.ndarray) -> np.ndarray:
        """Return the pictures of all windows, uint8 [windows, axes, frames + 1].

        `x`: int16 [n, axes]. The first window ends with frame `frames` - 1.
        """
        from firstspike.golden.sound.levels import log2  # importing numba is slow

        means, changes = self.frames_of(x)
        ends = range(self.frames, len(means) + 1, self.hop)
        pictures = np.empty((len(ends), self.axes, self.frames + 1), np.uint8)
        for picture, end in zip(pictures, ends, strict=True):
            window = slice(end - self.frames, end)
            picture[:, :-1] = np.sort(means[window], axis=0).T
            steps = np.array([log2(int(E)) for E in changes[window].sum(axis=0)])
            picture[:, -1] = _as_pixels((steps - self.least) << self.contrast)
        return pictures

    def sentence(self) -> str:
        """Describe the input and the output of the front end in a sentence."""
        window, hop = (count * self.frame / self.rate for count in (self.frames, self.hop))
        return (
            f"{self.rate} samples per second of {self.axes} axes become a picture every {hop:.3g} "
            f"s, of the last {window:.3g} s"
        )

    def to_json(self) -> str:
        """Return the parameters as JSON for the network file."""
        return json.dumps({"format": FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the front end of a network file. Raises `NetworkError`."""
        value = described_json("motion", text, FORMAT, _DESCRIBED)
        return cls(**value | {"downs": tuple(value["downs"])})


_DESCRIBED = {one.name: int for one in fields(MotionFrontEnd)} | {"downs": [int]}


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, MOST_LEVEL).astype(np.uint8)
