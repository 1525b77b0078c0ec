# SPDX-License-Identifier: BSD-2-Clause
"""The Free Spoken Digit Dataset: 3,000 recordings of ten words by six speakers, at 8 kHz.

By Zohar Jackson and others, under CC BY-SA 4.0. The test part is recordings 0 to 4 of each speaker
and digit, as the README of the data set defines it.
"""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from firstspike.golden.sound.choice import FrontEndChoice
from firstspike.golden.sound.front import FrontEnd

from .archives import files_of
from .dataset import Dataset
from .sounds import RATE, dataset_of
from .wav import samples_of

TESTED = 5
"""Test recordings of each speaker and digit."""


class Recording(NamedTuple):
    """Fields of a recording's file name."""

    number: int
    speaker: str
    digit: int


def recorded(archive: bytes, sound: FrontEnd | FrontEndChoice) -> Dataset:
    """Return the data set of a checked archive.

    Training and test part are sorted by the number of a recording, then by its speaker, then by its
    digit.
    """
    recordings = sorted((named(name), raw) for name, raw in recordings_of(archive).items())
    digits = np.array([name.digit for name, _ in recordings])
    tested = np.array([name.number < TESTED for name, _ in recordings])
    pcm = [(str(name), samples_of(raw, str(name), RATE)) for name, raw in recordings]
    return dataset_of(pcm, digits, tested, sound)


def recordings_of(archive: bytes) -> dict[str, bytes]:
    """Return the content of each WAV file of an archive by its name without folders."""
    return files_of(archive, recording_name)


def recording_name(path: PurePosixPath) -> str | None:
    """Return the name of a recording, None for another file of the archive."""
    return path.name if path.parent.name == "recordings" else None


def named(name: str) -> Recording:
    """Return the fields of a file name such as 7_jackson_32.wav."""
    match = re.fullmatch(r"(\d)_([a-z]+)_(\d+)\.wav", name)
    assert match is not None  # `content_of` has checked the names
    return Recording(int(match[3]), match[2], int(match[1]))
