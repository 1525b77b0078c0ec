# SPDX-License-Identifier: BSD-2-Clause
"""A data set: samples and their classes, apart in a part to learn from and one to test."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, AnyStr

import numpy as np

from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.system.errors import FirstSpikeError, told_as

from .split import SplitError, apart

TEST_SHARE = 0.2
"""Share of the samples that are tested on, for a data set without a test part."""


def most_bytes(file_bytes: int, least: int = 1 << 26) -> int:
    """Return bytes that the samples of a file may take: a small file may promise far more.

    Training takes about ten times as many.
    """
    return max(least, 64 * file_bytes)


MOST_FILE = 1 << 32
"""Bytes of a file of arrays."""

MOST_TEXT = 1 << 30
"""Bytes of a file of text, whose values take many times as much."""

FEATURES_BYTES = 1 << 27
"""Bytes that the features of a small file may take as float64: a cell or a bit may make many."""

MOST_LINE = 1 << 22
"""Characters of a line of text: 64 for each of the inputs that a file of events can name."""


class DataError(FirstSpikeError, ValueError):
    """A data set that is not there, or that is not what it should be."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples [n, ...], as the names say: pixels uint8 from 0, the background, features, time
    series [n, channels, steps], or spike ticks; classes are integers [n] from 0 on.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    """Classes of the test part; -1 without a label."""
    classes: tuple[str, ...] = ()
    """Names of the classes, or none."""
    groups_train: np.ndarray | None = None
    """Group of each training sample; a group stays together."""
    features: tuple[str, ...] = ()
    """Names of the features, or none."""
    counters: tuple[str, ...] = ()
    """Of these, columns of numbers that count the rows of a table to train on."""
    ticks: bool = False
    """Whether samples are spike ticks."""
    n_classes: int = 10
    """Number of classes."""
    sound: FrontEnd | None = None
    """The front end that made the samples, if they are pictures of words."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The content of a file, before its labels become classes."""

    source: str
    """The file or folder."""
    where: Callable[[int], str]
    """Gives the file, and the place in it, of a sample by its index."""
    x: np.ndarray
    """[n, ...]"""
    labels: list[str] | None
    """A text each, or none at all."""
    groups: np.ndarray | None = None
    """Group of each sample [n]; a group stays together."""
    names: tuple[str, ...] = ()
    """Names of the features."""
    counters: tuple[str, ...] = ()
    """Names of those that count the rows."""
    classes: tuple[str, ...] = ()
    """Names of the classes, of which the labels then are the indices."""
    ticks: bool = False
    sound: FrontEnd | None = None
    """The front end that made `x`, if these are pictures of words."""

    def select(self, which: np.ndarray) -> "Samples":
        """Return the samples of a mask [n]."""
        where, chosen = self.where, np.flatnonzero(which)
        return replace(
            self,
            where=lambda at: where(int(chosen[at])),
            x=self.x[which],
            labels=self.labels and [self.labels[i] for i in chosen],
            groups=None if self.groups is None else self.groups[which],
        )


Parts = tuple[Samples, Samples | None]
"""The samples to learn from, and those to test on."""

NOT_FINITE = ", which is no finite number: put one there, or leave the {} out."
"""The end of a message about a value of a sample or row."""


def check_size(path: Path, n_rows: int, n_features: int, advice: str) -> None:
    """Raise `DataError` for features that take more than the samples of such a file may."""
    size, most = 8 * n_rows * n_features, most_bytes(path.stat().st_size, FEATURES_BYTES)
    if size > most:
        raise DataError(
            f"{path} makes {n_features} features or more of {n_rows} rows: these are {size} bytes, "
            f"and at most {most} are made; {advice}."
        )


def lines_of(file: IO[AnyStr], name: str) -> Iterator[AnyStr]:
    """Yield the lines of a text. Raises `DataError` where one is longer than `MOST_LINE`."""
    number = 0
    while line := file.readline(MOST_LINE + 1):
        number += 1
        if len(line) > MOST_LINE:
            raise DataError(
                f"{name}, line {number}: the line is longer than {MOST_LINE} characters, the most "
                "that are read."
            )
        yield line


def widened(ticks: np.ndarray, n_inputs: int) -> np.ndarray:
    """Add silent inputs to spike ticks [n, at most n_inputs]: [n, n_inputs]."""
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
    """The data set of what `source` holds; without a `test` part so much is kept apart for it.

    `classes` (names, or none for plain integers) and `n_classes` are those of a network that there
    is already. Labels are told apart by their text. Raises `DataError` and `SplitError`.
    """
    if test is None:
        share = TEST_SHARE if share is None else share
        if share >= 1 or train.labels is None:
            kept = np.ones(len(train.x), bool)
        else:
            codes = np.unique(train.labels, return_inverse=True)[1]
            with told_as(SplitError, f"{source} has no test part of its own, and ", SplitError):
                kept = apart(codes, share, train.groups)
        train, test = train.select(~kept), train.select(kept)
    elif train.ticks != test.ticks:
        events, other = (train, test) if train.ticks else (test, train)
        raise DataError(
            f"{events.source} holds events, and {other.source} does not: give both parts as events."
        )
    elif train.sound != test.sound:
        words, other = (train, test) if train.sound else (test, train)
        raise DataError(
            f"{words.source} holds sound, and {other.source} does not: give both parts as sound."
        )
    elif train.ticks:
        width = max(train.x.shape[1], test.x.shape[1])
        train, test = (replace(part, x=widened(part.x, width)) for part in (train, test))
    elif train.x.shape[1:] != test.x.shape[1:]:
        raise DataError(
            f"{train.source} has samples {list(train.x.shape[1:])} to train on and {test.source} "
            f"{list(test.x.shape[1:])} to test: they must be alike."
        )
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
    )


def _classes(given: tuple[str, ...], labels: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Return names and number of the classes of labels; 0, 1, 2 and so on are no names."""
    if given:
        return given, len(given)
    found = set(labels)
    if all(map(is_number, found)):
        numbers = sorted(map(int, found))
        if numbers == list(range(len(numbers))):
            return (), len(numbers)
        return tuple(map(str, numbers)), len(numbers)
    return tuple(sorted(found)), len(found)


def is_number(text: str) -> bool:
    """Whether a text is how a class is called that has no name: 0, 1, 2 and so on."""
    return re.fullmatch("0|[1-9][0-9]{0,17}", text) is not None


def _check_trained(train: Samples, test: Samples) -> None:
    """Raise `DataError` for a class of which there is no sample to train on."""
    there = {*_named(train)}
    for at, name in enumerate(_named(test)):
        if name not in there:
            raise DataError(
                f"{test.where(at)} has the label {name!r:.40}, of which {train.source} has no "
                "sample to train on: add some, or leave it out of the test part."
            )


def _named(samples: Samples) -> list[str]:
    """Return the names of the classes of samples that have labels."""
    called = samples.labels or []
    return [samples.classes[int(label)] for label in called] if samples.classes else called


def _codes(samples: Samples, names: Sequence[str]) -> np.ndarray:
    """Return the class of every sample, int64 [n], -1 without labels."""
    if samples.labels is None:
        return np.full(len(samples.x), -1)
    called = _named(samples)
    index = {name: code for code, name in enumerate(names)}
    for at, label in enumerate(called):
        if label not in index:
            shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
            raise DataError(
                f"{samples.where(at)} has the label {label!r:.40}, which is no class of "
                f"{shown:.200}: correct it, or leave it out."
            )
    return np.array([index[label] for label in called], np.int64)
