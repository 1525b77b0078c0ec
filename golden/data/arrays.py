# SPDX-License-Identifier: BSD-2-Clause
"""Reads a data set from the arrays of an .npz file."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from firstspike.golden.foreign.archive import ArchiveError, Member, read_archive
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.system.files import reading

from .dataset import (
    MOST_FILE,
    NOT_FINITE,
    DataError,
    Parts,
    Samples,
    check_size,
    is_number,
    most_bytes,
)


def read_arrays(path: Path, missing: bool = False) -> Parts:
    """Return the parts of an .npz file in the form of Keras. With `missing`, values may be NaN."""

    def check(members: Mapping[str, Member]) -> None:
        for name, member in members.items():
            if member.dtype.kind not in "biufSU":
                raise DataError(f"{path}: {name} is {member.dtype}: give numbers or texts.")

    with convert_errors(DataError, f"{path}: ", ArchiveError), reading(path, MOST_FILE) as file:
        arrays = read_archive(file, check, most_bytes(os.fstat(file.fileno()).st_size))
    with convert_errors(DataError, f"{path} has a text that is not UTF-8: ", UnicodeDecodeError):
        arrays = {
            name: np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
            for name, array in arrays.items()
        }
    if not {"x_train", "y_train"} <= arrays.keys():
        if {"format", "weights_0"} <= arrays.keys():
            raise DataError(
                f"{path} is a network file, and no data set: give a file of samples; a verb takes "
                "the network as NET."
            )
        raise DataError(
            f"{path} holds {', '.join(arrays) or 'nothing':.200}: give x_train and y_train, "
            "and x_test and y_test if there is a test part."
        )
    test = _part(path, arrays, "test", missing) if "x_test" in arrays else None
    return _part(path, arrays, "train", missing), test


def _part(path: Path, arrays: dict[str, np.ndarray], part: str, missing: bool) -> Samples:
    """Return the train or the test part of a file's arrays."""
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
    if x.dtype != np.uint8:  # bytes keep their type
        check_size(path, len(x), x[0].size, "store the arrays by numpy.savez")
    _check_values(x, where, missing)
    return Samples(str(path), where, x, labels, groups, classes=classes)


def _check_values(x: np.ndarray, where: Callable[[int], str], missing: bool) -> None:
    """Raise `DataError` for infinite values (also after conversion to float64) and missing values.

    With `missing`, missing values are accepted.
    """
    if x.dtype.kind != "f":
        return
    with np.errstate(over="ignore"):
        values = x.astype(np.float64, copy=False)
    wrong = np.isinf(values) if missing else ~np.isfinite(values)
    if wrong.any():
        at, *index = np.argwhere(wrong)[0].tolist()
        value = x[at, *index]
        first_fault = f"{where(at)} holds {value} as its value {', '.join(map(str, index))}"
        count = int(wrong.sum())
        fault_count = f" This part has {count} such values." * (count > 1)
        median = " Train with --missing median to accept missing values." * bool(np.isnan(value))
        raise DataError(f"{first_fault}{NOT_FINITE.format('sample')}{fault_count}{median}")


def _text(label: Any) -> str:
    """Return a label as text; 3.0 becomes "3"."""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)
