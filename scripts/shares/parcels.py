# SPDX-License-Identifier: BSD-2-Clause
"""Parcels between the one who asks and the process that works: a task, and its result."""

import pickle
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Failure:
    """An error in place of a result."""

    error: Exception | None
    """An error for people, None for a fault of the program."""
    traceback: str = ""
    """Traceback of a fault of the program."""


def packed(content: Any) -> bytes:
    """Pickle and deflate anything that Python can pickle."""
    return zlib.compress(pickle.dumps(content, pickle.HIGHEST_PROTOCOL), 1)


def unpacked(parcel: bytes) -> Any:
    """Undo `packed`; only for parcels of our own, for a pickle can do anything."""
    return pickle.loads(zlib.decompress(parcel))


def name_of(function: Callable[..., Any]) -> str:
    """Return the name under which a worker imports a top-level function."""
    return f"{function.__module__}:{function.__qualname__}"


def named(name: str) -> Callable[..., Any]:
    """Return the function that has a name of `name_of`."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
