# SPDX-License-Identifier: BSD-2-Clause
"""Reads recordings of words from one folder per word and converts them to pictures."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path

import numpy as np

from firstspike.golden.sound.choice import Chosen, FrontEndChoice
from firstspike.golden.sound.defaults import RATE
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.word_augmentation import NONE, extend_words

from .dataset import DataError, Dataset, Samples, files_by_class, listed, read_each, short_name
from .wav import SUFFIXES, read_wav


def holds_sound(folder: Path) -> bool:
    """Whether a folder contains WAV or FLAC files, in itself or in its sub-folders."""
    paths = (*folder.glob("*/*"), *folder.glob("*"))
    return any(path.suffix.lower() in SUFFIXES for path in paths)


def read_sounds(folder: Path, sound: FrontEnd | FrontEndChoice) -> Samples:
    """Read pictures of words from a folder with a sub-folder of WAV or FLAC files per word.

    Returns samples uint8 [n, frames, filters]. Each file is one sample: its loudest word. `sound`
    is the front end, or what the user decides about it; recordings of the class `NONE` do not
    influence it. Recordings without a word are left out. Raises `DataError`, also for a class that
    has no others.
    """
    paths = list(files_by_class(folder, SUFFIXES, "WAV or FLAC files of the word"))
    if not paths:
        raise DataError(
            f"{folder} has its recordings in itself: give a sub-folder of them for each word."
        )
    labels = [path.parent.name for path in paths]
    rate = sound.rate if isinstance(sound, FrontEnd) else RATE
    recordings = (x for _, x in read_each(paths, lambda path: read_wav(path, rate)))
    not_none = [label != NONE for label in labels]
    pictures, has_word, (front_end, reason) = _pictures(recordings, not_none, sound)
    spoken = list(compress(labels, has_word))
    if empty := sorted({*labels} - {*spoken}):
        raise DataError(
            f"{folder} holds no recording of {listed(empty)} in which a word is heard: all are "
            "silent, or never louder than their beginning; record others, or remove the sub-folder."
        )
    found = list(compress(paths, has_word))
    return Samples(
        str(folder),
        lambda at: str(found[at]),
        pictures,
        spoken,
        sound=front_end,
        sound_reason=reason,
        silent=tuple(map(short_name, compress(paths, ~has_word))),
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
    samples = (x for _, x in recordings)
    pictures, has_word, (front_end, reason) = _pictures(samples, ~tested, sound)
    for name, _ in compress(recordings, ~has_word):
        raise DataError(f"{name}: {SILENT}")
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


def _pictures(
    recordings: Iterable[np.ndarray], deciding: Iterable[bool], sound: FrontEnd | FrontEndChoice
) -> tuple[np.ndarray, np.ndarray, Chosen]:
    """Return the pictures of recordings, and the front end; the `deciding` ones choose it.

    Only recordings with a word have a picture: the second result, bool [n], is true for them.
    Recordings may be long: each is filtered once, and only its levels are stored.
    """
    longest = sound if isinstance(sound, FrontEnd) else sound.longest
    levels = [longest.levels(x) for x in recordings]
    if isinstance(sound, FrontEnd):
        chosen = Chosen(sound, "")
    else:
        chosen = sound.front_end(compress(levels, deciding))
    front_end = chosen.front_end
    silence = longest.window - front_end.window  # more slots at the end than of `front_end`
    found = [_picture(one[: len(one) - silence], front_end) for one in levels]
    pictures = [picture for picture in found if picture is not None]
    return np.array(pictures), np.array([one is not None for one in found]), chosen


def _picture(levels: np.ndarray, sound: FrontEnd) -> np.ndarray | None:
    """Return the picture of the loudest word in levels [slots, filters], None without a word."""
    word = max(sound.words(levels), key=lambda one: one.top, default=None)
    return None if word is None else sound.picture(levels, word)


def with_none(data: Dataset, sound: FrontEnd, strict: bool = False) -> Dataset:
    """Return a data set of sound extended by `extend_words` for training, with the class `NONE`.

    `strict` is as for `extend_words`. Recordings with the label `NONE` belong to that class. Raises
    `DataError` if all do.
    """
    classes, renumbered = classes_with_none(data)
    labels = renumbered[data.y_train]
    x, y, groups = extend_words(data.x_train, labels, len(classes) - 1, sound, strict)
    return replace(
        data,
        x_train=x,
        y_train=y,
        y_test=renumbered[data.y_test],
        classes=classes,
        groups_train=groups,
        n_classes=len(classes),
    )


def classes_with_none(data: Dataset) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the words of a data set and then `NONE`, and the new number of each of its classes.

    Raises `DataError` if all recordings have the label `NONE`.
    """
    names = [*data.classes] or [str(number) for number in range(data.n_classes)]
    words = [name for name in names if name != NONE]
    if not words:
        raise DataError(
            f"all recordings have the label {NONE}, which stands for no word: add a sub-folder of "
            "WAV files for each word."
        )
    number = {name: new for new, name in enumerate([*words, NONE])}
    return tuple(number), np.array([number[name] for name in names])


SILENT = (
    "no word is heard in it: it is silent, or never louder than its beginning; leave it out, or "
    "record it again."
)
"""The end of a message about a recording without a word."""
