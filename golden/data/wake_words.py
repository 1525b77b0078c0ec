# SPDX-License-Identifier: BSD-2-Clause
"""The wake words of Picovoice's benchmark: 2,279 recordings of six words by many speakers.

By Picovoice Inc., under Apache-2.0. The speakers are unknown, so a speaker can be in both parts.
"""

from pathlib import PurePosixPath

import numpy as np

from firstspike.golden.sound.choice import FrontEndChoice
from firstspike.golden.sound.front import FrontEnd

from .archives import files_of
from .dataset import Dataset
from .sounds import RATE, dataset_of
from .wav import SUFFIXES, samples_of

TESTED = 5
"""In each group of this many recordings of a word, the first is in the test part."""

DAMAGED = (32, 33, 34, 126, 127, 128, 129, 142, 144, 229, 272, 273, 274, 275)
"""Numbers of the recordings of alexa that libsndfile 1.2 cannot decode."""


def recording_name(path: PurePosixPath) -> str | None:
    """Return word and file name of a recording, None for another file of the archive."""
    word = path.parent.name
    if path.parent.parent.name != "audio" or path.suffix not in SUFFIXES:
        return None
    if word == "alexa" and path.stem in map(str, DAMAGED):
        return None
    return f"{word}/{path.name}"


def recorded(archive: bytes, sound: FrontEnd | FrontEndChoice) -> Dataset:
    """Return the data set of a checked archive. Both parts are sorted by word and file name."""
    recordings = sorted(files_of(archive, recording_name).items())
    words = [name.partition("/")[0] for name, _ in recordings]
    classes = tuple(dict.fromkeys(words))
    labels = np.array([classes.index(word) for word in words])
    numbers = np.array([at - words.index(word) for at, word in enumerate(words)])
    pcm = [(name, samples_of(raw, name, RATE)) for name, raw in recordings]
    return dataset_of(pcm, labels, numbers % TESTED == 0, sound, classes)
