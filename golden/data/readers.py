# SPDX-License-Identifier: BSD-2-Clause
"""Data sets of the user: files of arrays, tables, images in folders, and recorded events.

A reader gives the samples of a file, and apart the part to test, where the file has one. Whatever
is wrong is a `DataError`: one sentence that names the file, and the line where there are lines.
"""

import csv
import io
import math
import os
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from firstspike.golden.archive import ArchiveError, Member, read_archive
from firstspike.golden.files import reading

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


def read(
    path: Path, label: str | None = None, group: str | None = None, names: Sequence[str] = ()
) -> Parts:
    """The samples of a file or folder.

    Of a table, `label` and `group` are columns; `names` are the features that a network takes.
    """
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
    if path.suffix.lower() != ".csv" and (label or group):
        raise DataError(f"{path} has no columns: --label and --group are of a .csv file.")
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
    for label in labels if classes else ():
        if not is_number(label) or int(label) >= len(classes):
            raise DataError(
                f"{path} has the label {label:.40}: with {len(classes)} names of classes give "
                f"0 to {len(classes) - 1}."
            )
    return Samples(x, labels, groups, classes=classes)


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
    columns, lines = _columns(path)
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
            features |= _features(path, name, cells, lines, names, len(features))
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
    _check_size(path, len(lines), len(taken))
    x = np.stack([features[name] for name in taken], axis=1)
    return Samples(x, labels, None if groups is None else np.array(groups), taken)


def _asked(column: str, names: Sequence[str]) -> bool:
    return any(name == column or name.startswith(f"{column}=") for name in names)


def _check_size(path: Path, n_rows: int, n_features: int) -> None:
    """Raise `DataError` for features that take more than the samples of such a file may."""
    size, most = 8 * n_rows * n_features, most_bytes(path.stat().st_size)
    if size > most:
        raise DataError(
            f"{path} makes {n_features} features or more of {n_rows} rows, one for each text of a "
            f"column: these are {size} bytes, and at most {most} are made; leave columns out."
        )


def _features(
    path: Path,
    name: str,
    cells: Sequence[str],
    lines: Sequence[int],
    names: Sequence[str],
    before: int,
) -> dict[str, np.ndarray]:
    """The features that a column makes, each float64 [n], behind so many of others."""
    numbers = [_number(cell) for cell in cells]
    texts = [at for at, number in enumerate(numbers) if number is None]
    for at, number in enumerate(numbers):
        if number is not None and not math.isfinite(number):
            raise DataError(
                f"{path}, line {lines[at]}: the column {name} holds {cells[at]:.40}: give finite "
                "numbers, or leave the row out."
            )
    if not texts:
        return {name: np.array(numbers, np.float64)}
    if len(texts) < len(cells):
        at = texts[0]
        raise DataError(
            f"{path}, line {lines[at]}: the column {name} holds {cells[at]!r:.40} beside numbers: "
            "give numbers alone, or texts alone."
        )
    categories = sorted(set(cells))
    if len(categories) > _MOST_CATEGORIES:
        raise DataError(
            f"{path}: the column {name} holds {len(categories)} different texts: leave it out, or "
            "give numbers."
        )
    for at, cell in enumerate(cells) if names else ():
        if f"{name}={cell}" not in names:
            raise DataError(
                f"{path}, line {lines[at]}: the column {name} holds {cell!r:.40}, which the "
                "network has not seen."
            )
    _check_size(path, len(cells), before + len(categories))
    return {
        f"{name}={text}": np.array([cell == text for cell in cells], float) for text in categories
    }


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _columns(path: Path) -> tuple[dict[str, list[str]], list[int]]:
    """The cells of every column, by its name in the header, and the line of each row."""
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
    return dict(zip(header, map(list, columns), strict=True)), lines
