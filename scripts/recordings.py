# SPDX-License-Identifier: BSD-2-Clause
"""Finds the words in recordings for a verb."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from firstspike.golden import Network
from firstspike.golden.data.sounds import SILENT
from firstspike.golden.data.wav import read_wav
from firstspike.golden.foreign.printable import printable
from firstspike.golden.front_ends import sound_of

from .errors import VerbError


class WordPosition(NamedTuple):
    """The position of a word in a recording."""

    file: str
    seconds: float
    """Time in seconds from the start of the recording to that of the word."""
    isolated: bool
    """Whether it is quiet around the word; otherwise no decision is reported."""


def read_words(
    network: Network, files: Sequence[str]
) -> tuple[list[WordPosition], np.ndarray, list[str]]:
    """Return the position of each word in recordings, and pictures uint8 [n, frames, filters].

    The third result lists the files without a word. Raises `NetworkError` for a network that takes
    no sound, and `VerbError` if no recording has a word.
    """
    sound = sound_of(network)
    positions: list[WordPosition] = []
    pictures: list[np.ndarray] = []
    for file in files:
        levels = levels_of(network, file)
        for word in sound.words(levels):
            positions.append(WordPosition(file, sound.seconds(word.slot), word.isolated))
            pictures.append(sound.picture(levels, word))
    filled = {word.file for word in positions}
    silent = [file for file in files if file not in filled]
    if not positions:
        raise VerbError(silence(silent[0]))
    return positions, np.stack(pictures), silent


def silence(file: str) -> str:
    """Return a message about a recording without a word."""
    return f"{printable(file)}: {SILENT}"


def levels_of(network: Network, file: str) -> np.ndarray:
    """Return the levels of a recording, uint8 [slots, filters]."""
    sound = sound_of(network)
    return sound.levels(read_wav(file, sound.rate))
