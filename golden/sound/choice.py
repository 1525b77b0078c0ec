# SPDX-License-Identifier: BSD-2-Clause
"""Chooses the front end for recordings of words: its window fits their lengths."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .defaults import AFTER, BEFORE, FILTERS, FRAMES, SLOTS, default_front_end
from .front import FrontEnd

MOST_FRAMES = 28
"""Frames of the longest window that is chosen: words are loud for at most 1,536 ms."""

COVERED = 98.5
"""Percentage of the recordings whose words fit into the window."""


class Chosen(NamedTuple):
    """A front end, and a sentence with the reason for its window."""

    front_end: FrontEnd
    reason: str


@dataclass(frozen=True)
class FrontEndChoice:
    """The user's choices for the front end; the recordings determine `frames` if it is None."""

    frames: int | None = None
    before: int = BEFORE
    after: int = AFTER
    n_filters: int = FILTERS

    @property
    def longest(self) -> FrontEnd:
        """The front end with the longest window. Raises `NetworkError` for a value out of range."""
        return self._with(MOST_FRAMES if self.frames is None else self.frames)

    def front_end(self, recordings: Iterable[np.ndarray]) -> Chosen:
        """Return the front end for recordings, each the levels [slots, filters] of `longest`.

        The window is the shortest one, of at least the default length, in which `COVERED` percent
        of the words are followed by `after` quiet slots.
        """
        longest = self.longest
        if self.frames is not None:
            return Chosen(longest, f"{_window(longest)}, as chosen")
        lengths = [length for levels in recordings if (length := loud_slots(levels, longest))]
        if not lengths:
            return Chosen(self._with(FRAMES), "the default, because no word is found")
        covered = int(np.percentile(lengths, COVERED, method="higher"))
        needed = math.ceil((covered + self.after) / SLOTS)
        front_end = self._with(min(max(needed, FRAMES), MOST_FRAMES))
        why = f"{COVERED} % of {len(lengths)} words are loud for at most {_ms(front_end, covered)}"
        return Chosen(front_end, f"{_window(front_end)}: {why}")

    def _with(self, frames: int) -> FrontEnd:
        return default_front_end(frames, self.before, self.after, self.n_filters)


DEFAULT_CHOICE = FrontEndChoice()


def loud_slots(levels: np.ndarray, sound: FrontEnd) -> int:
    """Return the slots from the begin of the loudest word in levels to its last loud slot.

    The word is loud in a slot whose peak is at most `drop` below the top. Returns 0 without a word.
    """
    word = max(sound.words(levels), key=lambda one: one.top, default=None)
    if word is None:
        return 0
    peaks = levels[word.slot : word.slot + sound.window].max(axis=1).astype(int)
    return int(np.flatnonzero(peaks + sound.drop >= word.top)[-1]) + 1


def _ms(sound: FrontEnd, slots: int) -> str:
    return f"{1000 * sound.seconds(slots):.0f} ms"


def _window(sound: FrontEnd) -> str:
    longest = _ms(sound, sound.window - sound.after)
    return f"{sound.frames} frames, {_ms(sound, sound.window)}, for words of up to {longest}"
