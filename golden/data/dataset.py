# SPDX-License-Identifier: BSD-2-Clause
"""A data set: samples and their classes, divided into a training part and a test part."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, AnyStr

import numpy as np

from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.system.errors import FirstSpikeError, convert_errors
from firstspike.golden.system.representation import short_repr

from .split import SplitError, choose_part

TEST_SHARE = 0.2
"""Share of the samples that becomes the test part if a data set has none."""


def most_bytes(file_bytes: int, least: int = 1 << 26) -> int:
    """Return the size limit of a file's samples in bytes: a small file can expand greatly.

    Training takes about ten times as many bytes.
    """
    return max(least, 64 * file_bytes)


MOST_FILE = 1 << 32
"""Largest size in bytes of a file of arrays."""

MOST_TEXT = 1 << 30
"""Largest size in bytes of a text file; its values take several times as much memory."""

FEATURES_BYTES = 1 << 27
"""Bytes that the features of a small file may take as float64: one cell or bit can become many."""

MOST_LINE = 1 << 22
"""Largest number of characters in a line: 64 for each input that a file of events can name."""


class DataError(FirstSpikeError, ValueError):
    """A data set is missing or invalid."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples [n, ...] and their classes, integers [n] from 0 on.

    Samples are pixels uint8 (0 is the background), features, time series [n, channels, steps] or
    spike ticks.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    """Classes of the test part; -1 for a sample without a label."""
    classes: tuple[str, ...] = ()
    """Names of the classes; empty for plain numbers."""
    groups_train: np.ndarray | None = None
    """Group of each training sample; the samples of a group are never split."""
    features: tuple[str, ...] = ()
    """Names of the features; empty without names."""
    counters: tuple[str, ...] = ()
    """Names of the features that seem to count the rows of a table; the commands warn about
    them."""
    ticks: bool = False
    """Whether samples are spike ticks."""
    n_classes: int = 10
    """Number of classes."""
    sound: FrontEnd | None = None
    """The front end that made the samples, if they are pictures of words."""
    sound_reason: str = ""
    """The window of a front end that was chosen for the recordings, and why."""

    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class Samples:
    """The content of a file, before its labels become classes."""

    source: str
    """The file or folder."""
    where: Callable[[int], str]
    """Function that returns the file and the position in it of the sample with an index."""
    x: np.ndarray
    """[n, ...]"""
    labels: list[str] | None
    """One text per sample, or None for a file without labels."""
    groups: np.ndarray | None = None
    """Group of each sample [n]; the samples of a group are never split."""
    names: tuple[str, ...] = ()
    """Names of the features."""
    counters: tuple[str, ...] = ()
    """Names of the features that seem to count the rows."""
    classes: tuple[str, ...] = ()
    """Names of the classes; if there are any, labels are indices into them."""
    ticks: bool = False
    sound: FrontEnd | None = None
    """The front end that made `x`, if these are pictures of words."""
    sound_reason: str = ""
    """The window of a front end that was chosen for the recordings, and why."""
    silent: tuple[str, ...] = ()
    """The recordings without a word, which are no samples, as the word and the file name."""

    def select(self, which: np.ndarray) -> "Samples":
        """Return the samples that a mask [n] selects."""
        where, chosen = self.where, np.flatnonzero(which)
        return replace(
            self,
            where=lambda at: where(int(chosen[at])),
            x=self.x[which],
            labels=self.labels and [self.labels[i] for i in chosen],
            groups=None if self.groups is None else self.groups[which],
        )


Parts = tuple[Samples, Samples | None]
"""The samples to train on, and the samples to test on."""

NOT_FINITE = ", which is no finite number: put one there, or leave the {} out."
"""The end of a message about a value of a sample or row."""


def check_size(path: Path, n_rows: int, n_features: int, advice: str) -> None:
    """Raise `DataError` if the features take more memory than a file of this size may use."""
    size, most = 8 * n_rows * n_features, most_bytes(path.stat().st_size, FEATURES_BYTES)
    if size > most:
        raise DataError(
            f"{path} makes {n_features} features or more of {n_rows} rows: these are {size} bytes, "
            f"and at most {most} are made; {advice}."
        )


def lines_of(file: IO[AnyStr], name: str) -> Iterator[AnyStr]:
    """Yield the lines of a text. Raise `DataError` if one is longer than `MOST_LINE`."""
    number = 0
    while line := file.readline(MOST_LINE + 1):
        number += 1
        if len(line) > MOST_LINE:
            raise DataError(
                f"{name}, line {number}: the line is longer than {MOST_LINE} characters, the most "
                "that are read."
            )
        yield line


def files_by_class(folder: Path, suffixes: Collection[str], what: str) -> Iterator[Path]:
    """Yield the files with these suffixes in the sub-folders of a folder, of which each is a class.

    Raises `DataError` for a sub-folder without such files, which `what` describes.
    """
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        if below.name.startswith("."):
            continue
        inside = [path for path in sorted(below.iterdir()) if path.suffix.lower() in suffixes]
        if not inside:
            raise DataError(f"{below} holds no {what} {below.name}: put some there, or remove it.")
        yield from inside


def read_each(
    paths: Iterable[Path], read: Callable[[Path], np.ndarray]
) -> Iterator[tuple[Path, np.ndarray]]:
    """Yield each file with what `read` returns for it.

    Raises `DataError` at the end if `read` refused files: the first error, with the other files.
    """
    refused: dict[str, DataError] = {}
    for path in paths:
        try:
            yield path, read(path)
        except DataError as error:
            refused[short_name(path)] = error
    if refused:
        first, *others = refused
        also = f" {len(others)} other files are refused, too: {listed(others)}." * bool(others)
        raise DataError(f"{refused[first]}{also}")


def short_name(path: Path) -> str:
    """Return the name of a file with that of its folder, a class."""
    return f"{path.parent.name}/{path.name}"


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return the first `most` names as text, and the number of the others."""
    more = len(names) - most
    return ", ".join(names[:most]) + f" and {more} more" * (more > 0)


def widened(ticks: np.ndarray, n_inputs: int) -> np.ndarray:
    """Return spike ticks [n, at most n_inputs] with silent inputs appended: [n, n_inputs]."""
    return np.pad(ticks, ((0, 0), (0, max(0, n_inputs - ticks.shape[1]))))


def assembled(
    source: str,
    train: Samples,
    test: Samples | None = None,
    *,
    share: float | None = None,
    classes: Sequence[str] | None = None,
    n_classes: int | None = None,
) -> Dataset:
    """Return the data set of `source`; without `test`, split off `share` of the samples for it.

    `classes` (names, or empty for plain integers) and `n_classes` are those of an existing network.
    Labels are compared as text. Raises `DataError` and `SplitError`.
    """
    if test is None:
        share = TEST_SHARE if share is None else share
        if share >= 1 or train.labels is None:
            is_test = np.ones(len(train.x), bool)
        else:
            codes = np.unique(train.labels, return_inverse=True)[1]
            with convert_errors(
                SplitError, f"{source} has no test part of its own, and ", SplitError
            ):
                is_test = choose_part(codes, share, train.groups)
        train, test = train.select(~is_test), train.select(is_test)
    else:
        train, test = _alike(train, test)
    if classes is None:
        if train.labels and test.labels:
            _check_trained(train, test)
        both = [*(train.labels or ()), *(test.labels or ())]
        classes, n_classes = _classes(train.classes, both)
    names = list(classes) or [str(number) for number in range(n_classes or 0)]
    y_train, y_test = (_codes(part, names) for part in (train, test))
    return Dataset(
        train.x,
        y_train,
        test.x,
        y_test,
        tuple(classes),
        train.groups,
        train.names,
        train.counters,
        train.ticks,
        len(names),
        train.sound,
        train.sound_reason,
    )


def _alike(train: Samples, test: Samples) -> tuple[Samples, Samples]:
    """Return both parts, with as many inputs of events. Raise `DataError` if they are not alike."""
    if train.ticks != test.ticks:
        events, other = (train, test) if train.ticks else (test, train)
        raise DataError(
            f"{events.source} holds events, and {other.source} does not: give both parts as events."
        )
    if train.sound != test.sound:
        words, other = (train, test) if train.sound else (test, train)
        raise DataError(
            f"{words.source} holds sound, and {other.source} does not: give both parts as sound."
        )
    if train.ticks:
        width = max(train.x.shape[1], test.x.shape[1])
        return replace(train, x=widened(train.x, width)), replace(test, x=widened(test.x, width))
    if train.x.shape[1:] != test.x.shape[1:]:
        raise DataError(
            f"{train.source} has samples {list(train.x.shape[1:])} to train on and {test.source} "
            f"{list(test.x.shape[1:])} to test: they must be alike."
        )
    if (train.x.dtype == np.uint8) != (test.x.dtype == np.uint8) and len(train.x) and len(test.x):
        pixels, other = (train, test) if train.x.dtype == np.uint8 else (test, train)
        raise DataError(
            f"{pixels.source} has samples of pixels, uint8, and {other.source} has "
            f"{other.x.dtype}: give the part to train on and the part to test alike."
        )
    return train, test


def _classes(known: tuple[str, ...], labels: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Return names and number of the classes of labels; plain numbers from 0 on have no names."""
    if known:
        return known, len(known)
    distinct = set(labels)
    if all(map(is_number, distinct)):
        numbers = sorted(map(int, distinct))
        if numbers == list(range(len(numbers))):
            return (), len(numbers)
        return tuple(map(str, numbers)), len(numbers)
    return tuple(sorted(distinct)), len(distinct)


def is_number(text: str) -> bool:
    """Whether a text is the label of a class without a name: 0, 1, 2 and so on."""
    return re.fullmatch("0|[1-9][0-9]{0,17}", text) is not None


def _check_trained(train: Samples, test: Samples) -> None:
    """Raise `DataError` for a class without a training sample."""
    trained = {*_named(train)}
    for at, name in enumerate(_named(test)):
        if name not in trained:
            raise DataError(
                f"{test.where(at)} has the label {name!r:.40}, of which {train.source} has no "
                "sample to train on: add some, or leave it out of the test part."
            )


def _named(samples: Samples) -> list[str]:
    """Return the names of the classes that occur in labelled samples."""
    called = samples.labels or []
    return [samples.classes[int(label)] for label in called] if samples.classes else called


def _codes(samples: Samples, names: Sequence[str]) -> np.ndarray:
    """Return the class of every sample, int64 [n], -1 without labels."""
    if samples.labels is None:
        return np.full(len(samples.x), -1)
    called = _named(samples)
    index = {name: code for code, name in enumerate(names)}
    if called and index.keys().isdisjoint(called):
        raise DataError(
            f"{samples.source} has the classes {listed(sorted({*called})):.200}, and none of "
            f"{listed(names):.200}: give samples of these classes."
        )
    for at, label in enumerate(called):
        if label not in index:
            raise DataError(
                f"{samples.where(at)} has the label {label!r:.40}, which is no class of "
                f"{listed(names):.200}: correct it, or leave it out."
            )
    return np.array([index[label] for label in called], np.int64)
