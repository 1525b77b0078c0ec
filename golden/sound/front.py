# SPDX-License-Identifier: BSD-2-Clause
"""The front end for sound: finds words, and makes a picture of each (DESIGN, section 6).

A picture has a row per frame of time and a pixel per filter, bright for loud. The brightness is
relative to the loudest sound of the word, so it does not depend on the microphone.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import NamedTuple, Self

import numpy as np

from firstspike.golden.foreign.fields import NetworkError, described_json
from firstspike.golden.system.specification import check, parameter

from .filters import MOST_LEVEL, STATE_BITS, Filter

FORMAT = "firstspike-sound-1"
RATES = (8000, 16000)
"""Samples per second that a front end supports."""

MOST_WINDOW, MOST_QUIET, MOST_FILTERS = 64, 64, 64
"""Largest number of frames per word, of quiet slots around it, and of filters."""

_FILTER = [
    range(-(1 << 15), 1 << 15),
    range(-(1 << 15), 1 << 15),
    range(STATE_BITS),
    range(STATE_BITS),
    range(-MOST_LEVEL, MOST_LEVEL + 1),
]


class Word(NamedTuple):
    """A detected word."""

    slot: int
    """Number of the slot at which the word begins, counted from 0."""
    top: int
    """Highest level in the window of the word."""
    isolated: bool
    """Whether the `before` slots before the word and the `after` last slots of its window are
    quiet."""


@dataclass(frozen=True)
class FrontEnd:
    """The parameters of a front end for sound. A field out of range raises `NetworkError`."""

    rate: int
    """Samples per second, one of `RATES`."""
    slot: int = parameter(MISSING, low=16, high=256)
    """Samples per slot."""
    slots: int = parameter(MISSING, low=1, high=16)
    """Slots per frame, a power of two."""
    frames: int = parameter(MISSING, low=1, high=MOST_WINDOW)
    """Frames per word."""
    drop: int = parameter(MISSING, low=1, high=MOST_LEVEL)
    """Largest difference in steps of level between the top of a word and its first slot."""
    least: int = parameter(MISSING, low=1, high=MOST_LEVEL)
    """Smallest top of a word."""
    before: int = parameter(MISSING, low=0, high=MOST_QUIET)
    """Number of quiet slots before an isolated word."""
    after: int = parameter(MISSING, low=0, high=MOST_QUIET)
    """Number of quiet slots at the end of the window of an isolated word."""
    contrast: int = parameter(MISSING, low=0, high=5)
    """Each step of level below the top darkens a pixel by 2^contrast."""
    filters: tuple[Filter, ...] = parameter(MISSING)

    def __post_init__(self) -> None:
        check(self, NetworkError)
        if self.rate not in RATES:
            raise NetworkError(f"rate is {self.rate!r}: it must be {' or '.join(map(str, RATES))}.")
        if self.slots & (self.slots - 1):
            raise NetworkError(f"slots is {self.slots}: it must be a power of two.")
        if self.after > self.window:
            raise NetworkError(
                f"after is {self.after}: it must be at most {self.window}, the slots of a window."
            )
        if not 1 <= len(self.filters) <= MOST_FILTERS:
            raise NetworkError(
                f"there are {len(self.filters)} filters: give 1 to {MOST_FILTERS} of them."
            )
        for number, one in enumerate(self.filters):
            if not one.rings:
                raise NetworkError(
                    f"filter {number} has a1 = {one.a1} and a2 = {one.a2}: it must be stable and "
                    "have a resonance."
                )
            if max(one.largest_states()) >= 1 << STATE_BITS - 1:
                raise NetworkError(
                    f"filter {number} can exceed {STATE_BITS} bits: shift its inputs by less."
                )

    @property
    def window(self) -> int:
        """Number of slots per word."""
        return self.slots * self.frames

    @property
    def n_pixels(self) -> int:
        """Number of pixels of a picture."""
        return self.frames * len(self.filters)

    def seconds(self, slot: int) -> float:
        """Return the time in seconds at which a slot begins."""
        return slot * self.slot / self.rate

    def levels(self, x: np.ndarray) -> np.ndarray:
        """Return the level of each filter in each slot, uint8 [slots, filters].

        `x`: int16 [n], samples at `rate`. Silence precedes and follows the samples: the last slots
        are a whole window of silence.
        """
        from .levels import levels_of  # importing numba is slow

        filters = np.array(self.filters, np.int64)
        return levels_of(self._followed(x, self.window), filters, self.slot)

    def joined(self, recordings: Sequence[np.ndarray]) -> np.ndarray:
        """Return recordings, each int16 [n], one after the other: int16 [m].

        The silence between two recordings is so long that no window of a word reaches into the next
        recording, and that a recording does not influence whether words of the next are isolated.
        """
        *first, last = recordings
        slots = max(self.window, self.before)
        return np.concatenate([*(self._followed(x, slots) for x in first), last])

    def _followed(self, x: np.ndarray, slots: int) -> np.ndarray:
        """Return samples int16 [n], padded with silence to whole slots, and then silent slots."""
        return np.concatenate([x, np.zeros(-len(x) % self.slot + slots * self.slot, np.int16)])

    def words(self, levels: np.ndarray) -> Iterator[Word]:
        """Yield the words in levels [slots, filters] in order of time.

        A word begins at slot k if the peak P[k] is at most `drop` below the top of the window that
        begins at k, and P[k - 1] is lower. Windows of words do not overlap. A word is isolated if P
        is below top - `drop` in the `before` slots before the word and in the last `after` slots of
        its window.
        """
        P = levels.max(axis=1).astype(np.int64)
        before, k = 0, 0
        while k + self.window <= len(P):
            end = k + self.window
            top = int(P[k:end].max())
            if top >= self.least and P[k] + self.drop >= top > before + self.drop:
                around = np.concatenate([P[max(k - self.before, 0) : k], P[end - self.after : end]])
                yield Word(k, top, isolated=bool((around + self.drop < top).all()))
                k = end
            else:
                k += 1
            before = P[k - 1]

    def picture(self, levels: np.ndarray, word: Word) -> np.ndarray:
        """Return the picture of a word, uint8 [frames, filters], from levels [slots, filters]."""
        shown = levels[word.slot : word.slot + self.window].astype(np.int64)
        sums = shown.reshape(self.frames, self.slots, -1).sum(axis=1)
        below = word.top - sums // self.slots
        return np.maximum(MOST_LEVEL - (below << self.contrast), 0).astype(np.uint8)

    def sentence(self) -> str:
        """Describe the input and the output of the front end in a sentence."""
        hertz = [one.resonance(self.rate) for one in self.filters]
        frame = 1000 * self.slots * self.slot / self.rate
        return (
            f"{self.rate} samples per second become {self.frames} frames of {frame:g} ms per word, "
            f"with {len(hertz)} filters from {min(hertz):.0f} to {max(hertz):.0f} Hz"
        )

    def to_json(self) -> str:
        """Return the parameters as JSON for the network file."""
        return json.dumps({"format": FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the front end of a network file. Raises `NetworkError`."""
        value = described_json("sound", text, FORMAT, _DESCRIBED)
        return cls(**value | {"filters": tuple(Filter(*one) for one in value["filters"])})


_DESCRIBED = {one.name: int for one in fields(FrontEnd)} | {"filters": [_FILTER]}
