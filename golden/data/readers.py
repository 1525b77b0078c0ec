# SPDX-License-Identifier: BSD-2-Clause
"""Data sets of the user: files of arrays, tables, images in folders, and recorded events.

A reader gives the samples of a file, and apart the part to test, where the file has one. Whatever
is wrong is a `DataError`: one sentence that names the file, and the line where there are lines.
"""

import csv
import io
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from firstspike.golden.foreign.archive import ArchiveError, Member, read_archive
from firstspike.golden.system.files import reading

from .dataset import (
    MOST_FILE,
    MOST_TEXT,
    DataError,
    Samples,
    is_number,
    lines_of,
    most_bytes,
)
from .events import read_events
from .images import read_folder

Parts = tuple[Samples, Samples | None]
"""What to learn from, and what to test."""

_MOST_CATEGORIES = 100

_FEATURES = 1 << 27
"""Bytes that the features of a small file may take as float64: a cell or a bit may make many."""


def read(
    path: Path, label: str | None = None, group: str | None = None, names: Sequence[str] = ()
) -> Parts:
    """The samples of a file or folder.

    Of a table, `label` and `group` are columns; `names` are the features that a network takes.
    """
    if path.suffix.lower() != ".csv" and (label or group):
        raise DataError(f"{path} has no columns: --label and --group are of a .csv file.")
    if path.is_dir():
        return read_folder(path), None
    readers: dict[str, Callable[[], Parts]] = {
        ".npz": lambda: _read_arrays(path),
        ".csv": lambda: (read_table(path, label, group, names), None),
        ".jsonl": lambda: (read_events(path), None),
    }
    if path.suffix.lower() not in readers:
        raise DataError(
            f"{path} is no data set: give an .npz, .csv or .jsonl file, or a folder of images."
        )
    return readers[path.suffix.lower()]()


def _read_arrays(path: Path) -> Parts:
    """An .npz as Keras writes its data sets."""

    def check(members: Mapping[str, Member]) -> None:
        for name, member in members.items():
            if member.dtype.kind not in "biufSU":
                raise DataError(f"{path}: {name} is {member.dtype}: give numbers or texts.")

    try:
        with reading(path, MOST_FILE) as file:
            arrays = read_archive(file, check, most_bytes(os.fstat(file.fileno()).st_size))
    except ArchiveError as error:
        raise DataError(f"{path}: {error}") from None
    if not {"x_train", "y_train"} <= arrays.keys():
        raise DataError(
            f"{path} holds {', '.join(arrays) or 'nothing':.200}: give x_train and y_train, "
            "and x_test and y_test if there is a test part."
        )
    test = _part(path, arrays, "test") if "x_test" in arrays else None
    return _part(path, arrays, "train"), test


def _part(path: Path, arrays: dict[str, np.ndarray], part: str) -> Samples:
    """The train or the test part of a file's arrays."""
    x, y = arrays[f"x_{part}"], arrays.get(f"y_{part}")

    def where(at: int) -> str:
        return f"{path}, sample {at} of its {part} part"

    if x.dtype.kind in "SU":
        raise DataError(f"{path}: x_{part} is {x.dtype}: give numbers.")
    if not x.size:
        raise DataError(
            f"{path} has samples {list(x.shape)} in its {part} part: give at least one of at least "
            "one value."
        )
    if y is None or x.ndim < 2 or y.shape not in ((len(x),), (len(x), 1)):
        shape = "no labels" if y is None else f"labels {list(y.shape)}"
        raise DataError(
            f"{path} has samples {list(x.shape)} and {shape} in its {part} part: give one label a "
            "sample [n, ...]."
        )
    groups = arrays.get(f"groups_{part}")
    if groups is not None and groups.shape != (len(x),):
        raise DataError(f"{path} has groups {list(groups.shape)} for {len(x)} samples.")
    classes = tuple(map(str, arrays["classes"].ravel())) if "classes" in arrays else ()
    labels = [_text(label) for label in y.ravel().tolist()]
    for at, label in enumerate(labels):
        if label in ("", "nan"):
            raise DataError(f"{where(at)} has no label: give one, or leave the sample out.")
        if classes and (not is_number(label) or int(label) >= len(classes)):
            raise DataError(
                f"{where(at)} has the label {label:.40}: with {len(classes)} names of classes give "
                f"0 to {len(classes) - 1}."
            )
    if x.dtype != np.uint8:  # bytes may stay what they are
        _check_size(path, len(x), x[0].size, "store the arrays by numpy.savez")
    _check_values(x, where)
    return Samples(str(path), where, x, labels, groups, classes=classes)


def _check_values(x: np.ndarray, where: Callable[[int], str]) -> None:
    """Raise `DataError` for a value that is missing or infinite, also as float64."""
    if x.dtype.kind != "f":
        return
    with np.errstate(over="ignore"):
        wrong = ~np.isfinite(x.astype(np.float64, copy=False))
    if wrong.any():
        at, *place = np.argwhere(wrong)[0].tolist()
        value = x[at, *place]
        said = f"{where(at)} holds {value} as its value {', '.join(map(str, place))}"
        raise DataError(f"{said}{_ADVICE.format('sample')}")


_ADVICE = ", which is no finite number: put one there, or leave the {} out."


def _text(label: Any) -> str:
    """A label as text; 3.0 is 3."""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def read_table(
    path: Path, label: str | None, group: str | None, names: Sequence[str] = ()
) -> Samples:
    """A .csv file with a header; without `label` its rows are not labelled.

    A column of numbers is a feature of that name, one of texts a feature 0 or 1 for each of its
    categories, COLUMN=TEXT. With `names`, these are the features, and all else is left out.
    """
    columns, lines, delimiter = _columns(path)
    for wanted, option in ((label, "--label"), (group, "--group")):
        if wanted is not None and wanted not in columns:
            raise DataError(
                f"{path} has no column {wanted!r} for {option}: it has {', '.join(columns):.200}."
            )
    labels = None if label is None else columns.pop(label)
    groups = None if group is None or group == label else columns.pop(group)
    for name, cells in columns.items():
        for line, cell in zip(lines, cells, strict=True):
            if not cell and (not names or _asked(name, names)):
                raise DataError(
                    f"{path}, line {line}: the column {name} is empty: fill it, or leave the row "
                    "out."
                )
    for line, text in zip(lines, labels or (), strict=False):
        if not text:
            raise DataError(f"{path}, line {line}: the label {label} is missing.")
    features: dict[str, np.ndarray] = {}
    for name, cells in columns.items():
        if not names or _asked(name, names):
            made = _Column(path, name, cells, lines, delimiter == ";")
            features |= made.features(names, len(features))
    absent = np.zeros(len(lines))
    for name in names:
        if name not in features:
            column, equals, _ = name.partition("=")
            if not equals or column not in columns:
                raise DataError(f"{path} has no column {name!r}, which the network takes.")
            features[name] = absent
    taken = tuple(names) or tuple(features)
    if not taken:
        raise DataError(f"{path} has no column beside the label: give features.")
    _check_size(path, len(lines), len(taken), _LEAVE_OUT)
    x = np.stack([features[name] for name in taken], axis=1)
    return Samples(
        str(path),
        lambda at: f"{path}, line {lines[at]}",
        x,
        labels,
        None if groups is None else np.array(groups),
        taken,
    )


def _asked(column: str, names: Sequence[str]) -> bool:
    return any(name == column or name.startswith(f"{column}=") for name in names)


def _check_size(path: Path, n_rows: int, n_features: int, advice: str) -> None:
    """Raise `DataError` for features that take more than the samples of such a file may."""
    size, most = 8 * n_rows * n_features, most_bytes(path.stat().st_size, _FEATURES)
    if size > most:
        raise DataError(
            f"{path} makes {n_features} features or more of {n_rows} rows: these are {size} bytes, "
            f"and at most {most} are made; {advice}."
        )


@dataclass(frozen=True)
class _Column:
    """A column of a table that makes features."""

    path: Path
    name: str
    cells: Sequence[str]
    lines: Sequence[int]
    """The line of each cell."""
    commas: bool
    """Whether numbers may have decimal commas, as where cells are separated by semicolons."""

    def features(self, names: Sequence[str], before: int) -> dict[str, np.ndarray]:
        """Return one float64 array [n] per feature; `before` features precede them.

        `names` are the features that a network takes, or none.
        """
        numbers = self._numbers()
        texts = [at for at, number in enumerate(numbers) if number is None]
        for at, number in enumerate(numbers):
            if number is not None and not math.isfinite(number):
                raise self._wrong(at, _ADVICE.format("row"))
        if not texts:
            return {self.name: np.array(numbers, np.float64)}
        for at in texts:
            if len(texts) < len(self.cells):
                missing = self.cells[at].lower() in _MISSING
                advice = " beside numbers: give numbers alone, or texts alone."
                raise self._wrong(at, _ADVICE.format("row") if missing else advice)
            if not _DIGITS.fullmatch(self.cells[at]):
                break
        else:
            raise self._wrong(
                texts[0],
                ": give numbers with a decimal point and without separators of thousands. A "
                "decimal comma is read where cells are separated by semicolons.",
            )
        return self._categories(names, before)

    def _numbers(self) -> list[float | None]:
        """The number of each cell, None for a text."""
        if self.commas and any(map(_COMMA.fullmatch, self.cells)):
            return [None if "." in cell else _number(cell.replace(",", ".")) for cell in self.cells]
        return [_number(cell) for cell in self.cells]

    def _categories(self, names: Sequence[str], before: int) -> dict[str, np.ndarray]:
        categories = sorted(set(self.cells))
        if len(categories) > _MOST_CATEGORIES:
            raise DataError(
                f"{self.path}: the column {self.name} holds {len(categories)} different texts: "
                "leave it out, or give numbers."
            )
        for at, cell in enumerate(self.cells) if names else ():
            if f"{self.name}={cell}" not in names:
                raise self._wrong(at, ", which the network has not seen.")
        _check_size(self.path, len(self.cells), before + len(categories), _LEAVE_OUT)
        return {
            f"{self.name}={text}": np.array([cell == text for cell in self.cells], float)
            for text in categories
        }

    def _wrong(self, at: int, why: str) -> DataError:
        line, cell = self.lines[at], self.cells[at]
        return DataError(
            f"{self.path}, line {line}: the column {self.name} holds {cell!r:.40}{why}"
        )


_LEAVE_OUT = "each text of a column is one, so leave columns out"

_COMMA = re.compile(r"[+-]?([0-9]+,[0-9]*|,[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
"""A number with a decimal comma."""

_DIGITS = re.compile(r"[+-]?[0-9.' ]*,[0-9.,' ]*(e[+-]?[0-9]+)?", re.IGNORECASE)
"""A text that looks like a number, with a comma."""

_MISSING = {"?", "-", "na", "n/a", "#n/a", "null", "none"}
"""What tables have where a number is missing, beside an empty cell and nan."""


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _columns(path: Path) -> tuple[dict[str, list[str]], list[int], str]:
    """The cells of every column, by its name in the header, the line of each row, the delimiter."""
    try:
        with reading(path, MOST_TEXT) as file:
            texts = lines_of(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), str(path))
            header_line = next(texts, "")
            delimiter = max(",;\t", key=header_line.count)
            rows, lines, header = [], [], None
            reader = csv.reader(chain([header_line], texts), delimiter=delimiter, strict=True)
            for row in reader:
                cells = [cell.strip() for cell in row]
                if not any(cells):
                    continue
                if header is None:
                    header = cells
                    continue
                if len(cells) != len(header):
                    raise DataError(
                        f"{path}, line {reader.line_num}: there are {len(cells)} cells where the "
                        f"header has {len(header)}."
                    )
                rows.append(cells)
                lines.append(reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a .csv file in UTF-8 ({error}).") from None
    if header is None or not rows:
        raise DataError(f"{path} holds no rows below a header.")
    if len(set(header)) < len(header) or not all(header):
        raise DataError(f"{path} must have a different name for each column in its first line.")
    columns = zip(*rows, strict=True)
    return dict(zip(header, map(list, columns), strict=True)), lines, delimiter
