# SPDX-License-Identifier: BSD-2-Clause
"""The order of the images in a run of learning, and the settings for each image.

Annealing changes the settings in the course of a run. Everything follows from the seed and the
position in the run, so a resumed run continues exactly as without the interruption.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from functools import lru_cache

import numpy as np

from firstspike.golden.system.specification import check, parameter

from .rule import LearningError, Settings

ANNEALING: dict[int, tuple[tuple[float, int, int, int], ...]] = {
    8: ((0.0, 2, 0, 1), (0.2, 1, 0, 2), (0.45, 1, 1, 3), (0.7, 1, 2, 4)),
    10: ((0.0, 4, 0, 0), (0.2, 2, 0, 1), (0.45, 1, 0, 2), (0.7, 1, 1, 3)),
}
"""Phases by stored bits: (fraction of the run at which the phase begins, step, row_draw,
output_draw)."""


def settings_at(stored_bits: int, n: int, N: int, every_competitor: bool = False) -> Settings:
    """Return the settings of image n, counted from 0, in a run of N images.

    Raises `LearningError`.
    """
    if stored_bits not in ANNEALING:
        raise LearningError(
            f"there is no annealing for {stored_bits} stored bits: "
            f"there is one for {' and for '.join(map(str, ANNEALING))}."
        )
    if not 0 <= n < N:
        raise LearningError(f"image {n} is not in a run of {N} images, counted from 0.")
    phase = [phase for phase in ANNEALING[stored_bits] if n / N >= phase[0]][-1]
    return Settings(*phase[1:], every_competitor=every_competitor)


@dataclass(frozen=True)
class Course:
    """A number of epochs of the same images, each in a new order. Raises `LearningError`."""

    n_images: int = parameter(MISSING, low=1, stored=(1 << 32) - 1)
    """Images per epoch."""
    epochs: int = parameter(MISSING, low=1, stored=(1 << 30) - 1)
    stored_bits: int = parameter(MISSING, low=min(ANNEALING), high=max(ANNEALING))
    """8 or 10; selects the annealing schedule."""
    seed: int = parameter(1, low=0, stored=(1 << 128) - 1)
    """Seed of the orders and the shifts."""
    shift: int = parameter(0, low=0)
    """Largest random shift of each image in pixels, in both directions."""
    every_competitor: bool = False
    """See `Settings`."""

    def __post_init__(self) -> None:
        check(self, LearningError)
        settings_at(self.stored_bits, 0, len(self))

    def __len__(self) -> int:
        return self.n_images * self.epochs

    def settings(self, n: int) -> Settings:
        """Return the settings for learning image n, counted from 0."""
        return settings_at(self.stored_bits, n, len(self), self.every_competitor)

    def part(self, done: int, grid: int) -> range:
        """Return the numbers of the images from `done` on that can be learned in one call.

        They belong to one epoch, have the same settings, and end before the next multiple of
        `grid`.
        """
        end = min((done // grid + 1) * grid, (done // self.n_images + 1) * self.n_images)
        current = self.settings(done)
        same = range(done, end)
        return same[: bisect_left(same, True, key=lambda n: self.settings(n) != current)]

    def images(
        self, part: range, pixels: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return shifted pixels, and labels, of a part.

        `pixels`: uint8 [n_images, n_inputs], which must be square images for a shift; `labels`:
        [n_images].
        """
        epoch, start = divmod(part.start, self.n_images)
        order, moves = _epoch(self.n_images, self.seed, epoch, self.shift)
        span = slice(start, start + len(part))
        which = order[span]
        chosen = pixels[which]
        return moved(chosen, moves[span]) if self.shift else chosen, labels[which]


@lru_cache(2)
def _epoch(n_images: int, seed: int, epoch: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the order of an epoch's images, and each image's shift down and to the right."""
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(n_images)
    return order, rng.integers(-shift, shift, (n_images, 2), endpoint=True)


def moved(pixels: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Shift square images uint8 [n, side * side], each by its (down, right) of `moves` [n, 2].

    Pixels that enter at the edges are dark.
    """
    side = math.isqrt(pixels.shape[1])
    images = pixels.reshape(-1, side, side)
    result = np.zeros_like(images)
    for move in np.unique(moves, axis=0).tolist():
        which = (moves == move).all(axis=1)
        to = tuple(slice(max(d, 0), side + min(d, 0)) for d in move)
        source = tuple(slice(max(-d, 0), side + min(-d, 0)) for d in move)
        result[which, *to] = images[which, *source]
    return result.reshape(pixels.shape)


def relabelled(labels: np.ndarray, changes: Mapping[int, int]) -> np.ndarray:
    """Return labels int [n] with the keys of `changes` replaced by their values."""
    result = labels.copy()
    for old, new in changes.items():
        result[labels == old] = new
    return result
