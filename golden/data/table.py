# SPDX-License-Identifier: BSD-2-Clause
"""Reads a data set from a table, a .csv file with a header."""

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np

from firstspike.golden.system.files import reading

from .dataset import MOST_TEXT, NOT_FINITE, DataError, Samples, check_size, lines_of, listed

_MOST_CATEGORIES = 100

LEAST_ROWS = 10
"""Fewest rows in which a column can be recognised as identifying them: in fewer it may be
chance."""

NOTHING: Mapping[str, str] = {}


def read_table(
    path: Path,
    label: str | None,
    group: str | None,
    names: Sequence[str] = (),
    usual: Mapping[str, str] = NOTHING,
    missing: bool = False,
) -> Samples:
    """Read a .csv file with a header; without `label` its rows have no labels.

    For a `label` or `group` of None, `usual` may name an optional column.

    A column of numbers becomes a feature of that name. A column of texts becomes one feature with
    the values 0 and 1 per category, COLUMN=TEXT. With `names`, only these features are read.
    Without, a column of texts that identifies the rows is refused, and one of numbers is a feature
    that `counters` lists.

    With `missing`, a cell may be empty, which is NaN in all features of its column; otherwise one
    error names such cells. Raises `DataError`.
    """
    columns, lines, delimiter = _columns(path)
    for requested, option in ((label, "--label"), (group, "--group")):
        if requested is not None and requested not in columns:
            raise DataError(
                f"{path} has no column {requested!r} for {option}: "
                f"it has {', '.join(columns):.200}."
            )
    if label is not None and label == group:
        raise DataError(f"{path}: {label!r} is the column of the label: name another for --group.")
    label, group = (
        usual[role] if column is None and usual.get(role) in columns else column
        for role, column in (("label", label), ("group", group))
    )
    labels = None if label is None else columns.pop(label)
    groups = None if group is None or group == label else columns.pop(group)
    if unlabelled := [at for at, text in enumerate(labels or ()) if not text]:
        unlabelled_lines = [f"line {lines[at]} ({label})" for at in unlabelled]
        raise _refused(
            path, "missing label", unlabelled_lines, "fill them, or leave these rows out"
        )
    taking = [
        _Column(path, name, cells, lines, delimiter == ";", names)
        for name, cells in columns.items()
        if not names or _is_requested(name, names)
    ]
    if taking and not missing:
        _check_missing(path, lines, taking)
    features = _features(path, taking, names)
    feature_names = tuple(names) or tuple(features)
    if not feature_names:
        raise DataError(f"{path} has no column beside the label: give features.")
    check_size(path, len(lines), len(feature_names), _LEAVE_OUT)
    x = np.stack([features[name] for name in feature_names], axis=1)
    return Samples(
        str(path),
        lambda at: f"{path}, line {lines[at]}",
        x,
        labels,
        None if groups is None else np.array(groups),
        feature_names,
        counters=() if names else tuple(name for name in feature_names if _counts(features[name])),
    )


def _check_missing(path: Path, lines: Sequence[int], columns: Sequence["_Column"]) -> None:
    """Raise `DataError` if a cell has no value; the message names the first ones, row by row."""
    absent = np.argwhere(np.stack([column.absent for column in columns], axis=1)).tolist()
    if absent:
        cells = [f"line {lines[row]} ({columns[at].name})" for row, at in absent]
        advice = "fill them, leave these rows out, or train with --missing median"
        raise _refused(path, "missing value", cells, advice)


def _refused(path: Path, what: str, faults: Sequence[str], advice: str) -> DataError:
    plural, shown = "s" * (len(faults) > 1), listed(faults, _SHOWN)
    return DataError(f"{path} has {len(faults)} {what}{plural}, in {shown}: {advice}.")


_SHOWN = 5
"""Largest number of missing cells that a message lists with line and column."""


def _features(
    path: Path, columns: Sequence["_Column"], names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return the features of columns, float64 [n] each, and those of `names` that no cell has."""
    features: dict[str, np.ndarray] = {}
    for column in columns:
        further = column.features(len(features))
        if both := features.keys() & further.keys():
            raise DataError(
                f"{path}: the column {min(both)} has the name of a feature of another column of "
                "texts: rename one of them."
            )
        features |= further
    absent = {column.name: column.absent for column in columns}
    for name in names:
        if name not in features:
            column_name, equals, _ = name.partition("=")
            if not equals or column_name not in absent:
                raise DataError(f"{path} has no column {name!r}, which the network takes.")
            features[name] = np.where(absent[column_name], np.nan, 0.0)
    return features


def _is_requested(column: str, names: Sequence[str]) -> bool:
    return any(name == column or name.startswith(f"{column}=") for name in names)


def _counts(numbers: np.ndarray) -> bool:
    """Whether numbers [n], NaN for missing ones, count the rows, in any order and with gaps.

    They are distinct integers that fill at least half of an equally spaced grid.
    """
    numbers = np.sort(numbers[~np.isnan(numbers)])
    if len(numbers) < LEAST_ROWS or np.abs(numbers).max() > _MOST_EXACT:
        return False
    steps = np.diff(numbers)
    if not steps.all() or (numbers != np.floor(numbers)).any():
        return False
    step = np.gcd.reduce(steps.astype(np.int64))
    return bool(numbers[-1] - numbers[0] < 2 * len(numbers) * step)


_MOST_EXACT = 2**53
"""Largest magnitude up to which a float represents every integer."""


@dataclass(frozen=True)
class _Column:
    """A column of a table from which features are made."""

    path: Path
    name: str
    cells: Sequence[str]
    lines: Sequence[int]
    """Line number of each cell."""
    commas: bool
    """Whether numbers may have decimal commas, as in files that separate cells by semicolons."""
    names: Sequence[str]
    """Features that a network requires; empty for no restriction."""

    @cached_property
    def numbers(self) -> list[float | None]:
        """The number in each cell, None for a text."""
        if self.commas and any(map(_COMMA.fullmatch, self.cells)):
            return [None if "." in cell else _number(cell.replace(",", ".")) for cell in self.cells]
        return [_number(cell) for cell in self.cells]

    @cached_property
    def absent(self) -> np.ndarray:
        """Whether each cell has no value, bool [n]: empty, nan, or among numbers a `_MISSING` text.

        In a column of texts, `_MISSING` texts are ordinary values.
        """
        numeric = self.name in self.names or any(
            number is not None and not math.isnan(number) for number in self.numbers
        )
        return np.array(
            [
                not cell or math.isnan(number or 0) or (numeric and cell.lower() in _MISSING)
                for cell, number in zip(self.cells, self.numbers, strict=True)
            ]
        )

    def features(self, before: int) -> dict[str, np.ndarray]:
        """Return one float64 array [n] per feature, NaN where a cell has no value.

        `before` is the number of preceding features.
        """
        present = np.flatnonzero(~self.absent).tolist()
        texts = [at for at in present if self.numbers[at] is None]
        for at in present:
            if math.isinf(self.numbers[at] or 0):
                raise self._wrong(at, NOT_FINITE.format("row"))
        if not texts:
            return {self.name: np.array(self.numbers, np.float64)}
        if len(texts) < len(present):
            raise self._wrong(texts[0], " beside numbers: give only numbers, or only texts.")
        if all(_DIGITS.fullmatch(self.cells[at]) for at in texts):
            raise self._wrong(
                texts[0],
                ": give numbers with a decimal point and without separators of thousands. A "
                "decimal comma is read where cells are separated by semicolons.",
            )
        return self._categories(present, before)

    def _categories(self, present: Sequence[int], before: int) -> dict[str, np.ndarray]:
        categories = sorted({self.cells[at] for at in present})
        if len(categories) > _MOST_CATEGORIES:
            raise DataError(
                f"{self.path}: the column {self.name} holds {len(categories)} different texts: "
                f"at most {_MOST_CATEGORIES} are taken, so delete the column, or give numbers."
            )
        if not self.names and len(categories) == len(present) >= LEAST_ROWS:
            raise DataError(
                f"{self.path}: the column {self.name} holds {len(categories)} different texts, one "
                "for each row: they say nothing of other rows, so delete the column, or give "
                "numbers."
            )
        for at in present if self.names else ():
            if f"{self.name}={self.cells[at]}" not in self.names:
                raise self._wrong(at, ", which the network has not seen.")
        check_size(self.path, len(self.cells), before + len(categories), _LEAVE_OUT)
        return {
            f"{self.name}={text}": np.where(
                self.absent, np.nan, np.array([cell == text for cell in self.cells], float)
            )
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
"""A text with a comma that looks like a number."""

_MISSING = {"?", "-", "na", "n/a", "#n/a", "null", "none"}
"""Texts that mark a missing number, like an empty cell and nan."""


def _number(cell: str) -> float | None:
    if "_" in cell:  # Python ignores it in numbers
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _columns(path: Path) -> tuple[dict[str, list[str]], list[int], str]:
    """Return the cells of every column by name, the line of each row, and the delimiter."""
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
