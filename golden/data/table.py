# SPDX-License-Identifier: BSD-2-Clause
"""Reads a data set from a table, a .csv file with a header."""

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from firstspike.golden.system.files import reading

from .dataset import MOST_TEXT, NOT_FINITE, DataError, Samples, check_size, lines_of

_MOST_CATEGORIES = 100

LEAST_ROWS = 10
"""Rows from which on a column may identify them: in fewer rows it may do so by chance."""

NOTHING: Mapping[str, str] = {}


def read_table(
    path: Path,
    label: str | None,
    group: str | None,
    names: Sequence[str] = (),
    usual: Mapping[str, str] = NOTHING,
) -> Samples:
    """A .csv file with a header; without `label` its rows are not labelled.

    Where `label` or `group` is None, `usual` may name a column for it, which need not be there.

    A column of numbers is a feature of that name, one of texts a feature 0 or 1 for each of its
    categories, COLUMN=TEXT. With `names`, these are the features, and all else is left out.
    Without, what identifies the rows is no feature: texts are refused, and numbers are named.
    """
    columns, lines, delimiter = _columns(path)
    for wanted, option in ((label, "--label"), (group, "--group")):
        if wanted is not None and wanted not in columns:
            raise DataError(
                f"{path} has no column {wanted!r} for {option}: it has {', '.join(columns):.200}."
            )
    label, group = (
        usual[role] if column is None and usual.get(role) in columns else column
        for role, column in (("label", label), ("group", group))
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
    check_size(path, len(lines), len(taken), _LEAVE_OUT)
    x = np.stack([features[name] for name in taken], axis=1)
    return Samples(
        str(path),
        lambda at: f"{path}, line {lines[at]}",
        x,
        labels,
        None if groups is None else np.array(groups),
        taken,
        counters=() if names else tuple(name for name in taken if _counts(features[name])),
    )


def _asked(column: str, names: Sequence[str]) -> bool:
    return any(name == column or name.startswith(f"{column}=") for name in names)


def _counts(numbers: np.ndarray) -> bool:
    """Whether numbers [n] count the rows: integers, each the one before plus the same step."""
    if len(numbers) < LEAST_ROWS or (numbers != np.floor(numbers)).any():
        return False
    with np.errstate(over="ignore"):
        steps = np.diff(numbers)
    return bool(steps[0] != 0 and (steps == steps[0]).all())


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
                raise self._wrong(at, NOT_FINITE.format("row"))
        if not texts:
            return {self.name: np.array(numbers, np.float64)}
        for at in texts:
            if len(texts) < len(self.cells):
                missing = self.cells[at].lower() in _MISSING
                advice = " beside numbers: give numbers alone, or texts alone."
                raise self._wrong(at, NOT_FINITE.format("row") if missing else advice)
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
        """Return the number of each cell, None for a text."""
        if self.commas and any(map(_COMMA.fullmatch, self.cells)):
            return [None if "." in cell else _number(cell.replace(",", ".")) for cell in self.cells]
        return [_number(cell) for cell in self.cells]

    def _categories(self, names: Sequence[str], before: int) -> dict[str, np.ndarray]:
        categories = sorted(set(self.cells))
        if len(categories) > _MOST_CATEGORIES:
            raise DataError(
                f"{self.path}: the column {self.name} holds {len(categories)} different texts: "
                f"at most {_MOST_CATEGORIES} are taken, so delete the column, or give numbers."
            )
        if not names and len(categories) == len(self.cells) >= LEAST_ROWS:
            raise DataError(
                f"{self.path}: the column {self.name} holds {len(categories)} different texts, one "
                "for each row: they say nothing of other rows, so delete the column, or give "
                "numbers."
            )
        for at, cell in enumerate(self.cells) if names else ():
            if f"{self.name}={cell}" not in names:
                raise self._wrong(at, ", which the network has not seen.")
        check_size(self.path, len(self.cells), before + len(categories), _LEAVE_OUT)
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
"""Texts that stand for a missing number, beside an empty cell and nan."""


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _columns(path: Path) -> tuple[dict[str, list[str]], list[int], str]:
    """Return the cells of every column by its name, the line of each row, and the delimiter."""
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
