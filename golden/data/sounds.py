# SPDX-License-Identifier: BSD-2-Clause
"""Reads recordings of words from one folder per word and converts them to pictures."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.taught import NONE, taught
from firstspike.golden.sound.usual import usual_front_end

from .dataset import DataError, Dataset, Samples
from .wav import SUFFIX, read_wav


def holds_sound(folder: Path) -> bool:
    """Whether a folder contains WAV files, in itself or in its sub-folders."""
    return any(path.suffix.lower() == SUFFIX for path in (*folder.glob("*/*"), *folder.glob("*")))


def read_sounds(folder: Path, sound: FrontEnd | None = None) -> Samples:
    """Read pictures of words from a folder with a sub-folder of WAV files per word.

    Returns samples uint8 [n, frames, filters]. Each file is one sample: its loudest word. `sound`
    is the front end, None for the default one. Raises `DataError`.
    """
    sound = sound or usual_front_end()
    labels, paths = [], []
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        if below.name.startswith("."):
            continue
        inside = [path for path in sorted(below.iterdir()) if path.suffix.lower() == SUFFIX]
        if not inside:
            raise DataError(
                f"{below} holds no WAV files of the word {below.name}: put some there, or remove "
                "it."
            )
        paths += inside
        labels += [below.name] * len(inside)
    if not paths:
        raise DataError(
            f"{folder} has its WAV files in itself: give a sub-folder of them for each word."
        )
    pictures = pictures_of(((str(path), read_wav(path, sound.rate)) for path in paths), sound)
    return Samples(str(folder), lambda at: str(paths[at]), pictures, labels, sound=sound)


def pictures_of(recordings: Iterable[tuple[str, np.ndarray]], sound: FrontEnd) -> np.ndarray:
    """Return the picture of the loudest word of each recording, uint8 [n, frames, filters].

    A recording has a name, and samples int16 [n] at the rate of the front end. Raises `DataError`
    for a recording without a word.
    """
    pictures = []
    for name, x in recordings:
        levels = sound.levels(x)
        word = max(sound.words(levels), key=lambda one: one.top, default=None)
        if word is None:
            raise DataError(f"{name}: {SILENT}")
        pictures.append(sound.picture(levels, word))
    return np.stack(pictures)


def with_none(data: Dataset, sound: FrontEnd) -> Dataset:
    """Return a data set of sound extended for training with `taught`, including the class `NONE`.

    Recordings with the label `NONE` belong to that class. Raises `DataError` if all do.
    """
    names = [*data.classes] or [str(number) for number in range(data.n_classes)]
    words = [name for name in names if name != NONE]
    if not words:
        raise DataError(
            f"all recordings have the label {NONE}, which stands for no word: add a sub-folder of "
            "WAV files for each word."
        )
    number = {name: new for new, name in enumerate([*words, NONE])}
    renumbered = np.array([number[name] for name in names])
    x, y, groups = taught(data.x_train, renumbered[data.y_train], len(words), sound)
    return replace(
        data,
        x_train=x,
        y_train=y,
        y_test=renumbered[data.y_test],
        classes=tuple(number),
        groups_train=groups,
        n_classes=len(number),
    )


SILENT = (
    "no word is heard in it: it is silent, or never louder than its beginning; leave it out, or "
    "record it again."
)
"""The end of a message about a recording without a word."""
