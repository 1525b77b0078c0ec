# SPDX-License-Identifier: BSD-2-Clause
"""Reads the fields of a network file: arrays of an .npz, each of which is checked.

A format is described by a `Kind` for each of its fields: names, types and shapes are compared with
it before anything is unpacked.
"""

import io
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, Self

import numpy as np

from firstspike.golden.system.errors import FirstSpikeError, convert_errors, quoted

from .archive import ArchiveError, Member, bytes_of, read_archive
from .json_text import JsonError, check_json, read_json

MOST_BYTES = 1 << 26
"""Largest size in bytes of a file, and of its arrays together: more weights than any FPGA holds."""


class NetworkError(FirstSpikeError, ValueError):
    """A network or a network file is invalid; the message gives what is allowed."""


@dataclass(frozen=True)
class Kind:
    """Type, shape and size that a field can have."""

    description: str
    """Description for error messages."""
    types: str
    """Allowed values of numpy's `dtype.kind`."""
    ndim: int | None
    """Number of dimensions, None for any."""
    most: int = MOST_BYTES
    """Largest size in bytes."""
    needed: bool = True


MATRIX = Kind("integers [n_in, n_out]", "iu", 2)
LIST = Kind("a list of integers", "iu", 1)
TEXT = Kind("one string", "U", 0, 1 << 24)
INTEGER = Kind("one integer", "iu", 0, 8)
NAMES = Kind("an array of strings", "U", 1, 1 << 22)
EACH = Kind("one integer per layer", "iu", 1, 1 << 15)

Described = Callable[[Collection[str]], Mapping[str, Kind]]
"""Function that returns the fields of a format for the field names of a file."""

_KINDS = {str: "string", int: "integer", list: "array"}


class Fields(dict[str, np.ndarray]):
    """The arrays of an .npz without pickles. Raises `NetworkError` for an invalid one."""

    @classmethod
    def of(cls, content: bytes, described: Described, most: int = MOST_BYTES) -> Self:
        """Return the fields of a file that match the description and have at most `most` bytes."""
        if not content.startswith(b"PK"):
            raise NetworkError("it is no .npz archive: give a file that `firstspike` has written.")
        if len(content) > most:
            raise NetworkError(f"it is longer than {most} bytes, the most that is read.")
        with convert_errors(NetworkError, "", ArchiveError):
            return cls(read_archive(io.BytesIO(content), partial(check, described), most))

    def __missing__(self, name: str) -> NoReturn:
        raise NetworkError(f"the field {name} is missing.")

    def take(self, name: str, kind: type) -> Any:
        """Return a field as a string, an integer or a list of values."""
        value = self[name].tolist()
        if not isinstance(value, kind) or isinstance(value, bool):
            raise NetworkError(f"{name} is {value!r:.40}: it must be one {_KINDS[kind]}.")
        return value

    def check_format(self, expected: str) -> None:
        """Raise `NetworkError` unless the field `format` holds this text."""
        stored = self.take("format", str)
        if stored != expected:
            raise NetworkError(f"format is {stored!r:.40}: this version reads {expected!r}.")

    def meta(self) -> dict[str, Any]:
        """Return the content of the field `meta`, which is JSON."""
        with convert_errors(NetworkError, "meta is ", JsonError, after="."):
            meta = read_json(self.take("meta", str))
        if not isinstance(meta, dict):
            raise NetworkError(f"meta is {type(meta).__name__}: it must be a dictionary.")
        return meta


def integer(name: str, value: Any, low: int, high: int) -> int:
    """Return `value` as an int in low..high. Raises `NetworkError`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise NetworkError(f"{name} is {quoted(value)}: it must be an integer in {low}..{high}.")
    if not low <= value <= high:
        raise NetworkError(f"{name} is {value}: it must be in {low}..{high}.")
    return int(value)


def flag(name: str, value: Any) -> bool:
    """Return `value`, a bool or 0 or 1, as a bool. Raises `NetworkError`."""
    return bool(integer(name, int(value) if isinstance(value, bool | np.bool_) else value, 0, 1))


def entries(name: str, values: Any) -> tuple[Any, ...]:
    """Return the entries of a list, a tuple or an array. Raises `NetworkError`."""
    if not isinstance(values, list | tuple | np.ndarray) or not getattr(values, "ndim", 1):
        raise NetworkError(f"{name} is {quoted(values)}: it must be a list or a tuple.")
    return tuple(values)


def array(name: str, value: Any, dtype: type | None = None) -> np.ndarray:
    """Return a copy of `value` as an array. Raises `NetworkError`."""
    try:
        return np.array(value, dtype, order="C")
    except (TypeError, ValueError, OverflowError):
        raise NetworkError(f"{name} is {quoted(value)}: it must be an array of numbers.") from None


def of_type(name: str, value: Any, kind: type) -> Any:
    """Return `value`, which may also be None. Raises `NetworkError` if it is of another type."""
    if value is not None and not isinstance(value, kind):
        raise NetworkError(
            f"{name} is {quoted(value)}: it must be of type {kind.__name__}, or None."
        )
    return value


def texts(name: str, values: Any) -> tuple[str, ...]:
    """Return names that are all printable and distinct. Raises `NetworkError`."""
    names = entries(name, values)
    for text in names:
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise NetworkError(f"{name} holds {quoted(text)}: each must be a printable text.")
    if len(set(names)) < len(names):
        raise NetworkError(f"{name} must be different from one another.")
    return names


def json_object(name: str, value: Any) -> dict[str, Any]:
    """Return a dictionary that JSON can hold. Raises `NetworkError`."""
    if not isinstance(value, dict):
        raise NetworkError(f"{name} is {type(value).__name__}: it must be a dictionary.")
    try:
        read_json(json.dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise NetworkError(f"{name} must be something JSON can hold: {error!s:.200}.") from None
    return value


def described_json(name: str, text: str, format: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object in a JSON text that has this `format` and exactly these fields.

    `fields` are as `check_json` accepts them. Raises `NetworkError`, whose message contains `name`.
    """
    described = {"format": format, **fields}
    try:
        value = read_json(text)
        actual: Any = value.get("format") if isinstance(value, dict) else None
        if isinstance(actual, str) and actual != format:
            raise NetworkError(f"{name} is of the format {actual!r:.40}: {format!r} is read.")
        check_json(value, described, name)
    except JsonError as error:
        raise NetworkError(f"{error}.") from None
    if value.keys() != described.keys():
        raise NetworkError(f"{name} has other fields than {', '.join(described)}.")
    return {field: value[field] for field in fields}


def check(described: Described, members: Mapping[str, Member] | Mapping[str, np.ndarray]) -> None:
    """Raise `NetworkError` unless arrays, or the headers of arrays, match the description."""
    kinds = described(members.keys())
    for name, array in members.items():
        if name not in kinds:
            raise NetworkError(f"the field {name} is unknown, or one before it is missing.")
        kind = kinds[name]
        if array.dtype.kind not in kind.types or kind.ndim not in (None, len(array.shape)):
            raise NetworkError(
                f"{name} is {array.dtype} {list(array.shape)}: it must be {kind.description}."
            )
        if (size := bytes_of(array)) > kind.most:
            raise NetworkError(f"{name} has {size} bytes: at most {kind.most} are read.")
    for name, kind in kinds.items():
        if kind.needed and name not in members:
            raise NetworkError(f"the field {name} is missing.")
