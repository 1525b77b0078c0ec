# SPDX-License-Identifier: BSD-2-Clause
"""Finds the words in recordings for a verb."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from firstspike.golden import Network
from firstspike.golden.data.sounds import SILENT
from firstspike.golden.data.wav import read_wav
from firstspike.golden.sound.front import FrontEnd

from .datasets import front_end
from .errors import VerbError


class Heard(NamedTuple):
    """Where a word was heard."""

    file: str
    seconds: float
    """Time from the beginning of the recording to that of the word."""
    isolated: bool
    """Whether it is quiet around the word; else nothing is said."""


def read_words(network: Network, files: Sequence[str]) -> tuple[list[Heard], np.ndarray]:
    """Find the words in recordings: where each is, and their pictures uint8 [n, frames, filters].

    Raises `VerbError` for a network that takes no sound, and for a recording without a word.
    """
    sound = _front_end(network)
    heard: list[Heard] = []
    pictures: list[np.ndarray] = []
    for file in files:
        levels = levels_of(network, file)
        before = len(heard)
        for word in sound.words(levels):
            heard.append(Heard(file, sound.seconds(word.slot), word.isolated))
            pictures.append(sound.picture(levels, word))
        if len(heard) == before:
            raise VerbError(f"{file}: {SILENT}")
    return heard, np.stack(pictures)


def levels_of(network: Network, file: str) -> np.ndarray:
    """Return the levels of a recording, uint8 [slots, filters]."""
    sound = _front_end(network)
    return sound.levels(read_wav(file, sound.rate))


def _front_end(network: Network) -> FrontEnd:
    sound = front_end(network)
    if sound is None:
        raise VerbError("this network takes no sound: give --wav to one that was trained on sound.")
    return sound
