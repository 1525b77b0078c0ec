# SPDX-License-Identifier: BSD-2-Clause
"""Reads recordings of words from one folder per word and converts them to pictures."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from firstspike.golden.sound.choice import Chosen, FrontEndChoice
from firstspike.golden.sound.defaults import RATE
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.word_augmentation import NONE, extend_words

from .dataset import DataError, Dataset, Samples
from .wav import SUFFIXES, read_wav


def holds_sound(folder: Path) -> bool:
    """Whether a folder contains WAV or FLAC files, in itself or in its sub-folders."""
    paths = (*folder.glob("*/*"), *folder.glob("*"))
    return any(path.suffix.lower() in SUFFIXES for path in paths)


def read_sounds(folder: Path, sound: FrontEnd | FrontEndChoice) -> Samples:
    """Read pictures of words from a folder with a sub-folder of WAV or FLAC files per word.

    Returns samples uint8 [n, frames, filters]. Each file is one sample: its loudest word. `sound`
    is the front end, or what the user decides about it; recordings of the class `NONE` do not
    influence it. Raises `DataError`.
    """
    labels, paths = [], []
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        if below.name.startswith("."):
            continue
        inside = [path for path in sorted(below.iterdir()) if path.suffix.lower() in SUFFIXES]
        if not inside:
            raise DataError(
                f"{below} holds no WAV or FLAC files of the word {below.name}: put some there, or "
                "remove it."
            )
        paths += inside
        labels += [below.name] * len(inside)
    if not paths:
        raise DataError(
            f"{folder} has its recordings in itself: give a sub-folder of them for each word."
        )
    words = (path for path, label in zip(paths, labels, strict=True) if label != NONE)
    front_end, reason = _chosen(sound, (read_wav(path, RATE) for path in words))
    recordings = ((str(path), read_wav(path, front_end.rate)) for path in paths)
    pictures = pictures_of(recordings, front_end)
    return Samples(
        str(folder),
        lambda at: str(paths[at]),
        pictures,
        labels,
        sound=front_end,
        sound_reason=reason,
    )


def dataset_of(
    recordings: Sequence[tuple[str, np.ndarray]],
    labels: np.ndarray,
    tested: np.ndarray,
    sound: FrontEnd | FrontEndChoice,
    classes: tuple[str, ...] = (),
) -> Dataset:
    """Return a data set of recordings, each a name and samples int16 [n] at `RATE`.

    A mask `tested` [n] selects the test part; the others choose the front end. Raises `DataError`.
    """
    trained = (x for (_, x), test in zip(recordings, tested, strict=True) if not test)
    front_end, reason = _chosen(sound, trained)
    pictures = pictures_of(recordings, front_end)
    return Dataset(
        pictures[~tested],
        labels[~tested],
        pictures[tested],
        labels[tested],
        classes,
        n_classes=int(labels.max()) + 1,
        sound=front_end,
        sound_reason=reason,
    )


def _chosen(sound: FrontEnd | FrontEndChoice, recordings: Iterable[np.ndarray]) -> Chosen:
    return sound.front_end(recordings) if isinstance(sound, FrontEndChoice) else Chosen(sound, "")


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
    """Return a data set of sound extended by `extend_words` for training, with the class `NONE`.

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
    x, y, groups = extend_words(data.x_train, renumbered[data.y_train], len(words), sound)
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
