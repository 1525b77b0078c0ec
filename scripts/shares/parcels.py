# SPDX-License-Identifier: BSD-2-Clause
"""Messages between the client and the process of a task: the task, and its result."""

import pickle
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Failure:
    """An error instead of a result."""

    error: Exception | None
    """A FirstSpike error, None for a fault of the program."""
    traceback: str = ""
    """Traceback of a fault of the program."""


def packed(content: Any) -> bytes:
    """Pickle and compress any object that Python can pickle."""
    return zlib.compress(pickle.dumps(content, pickle.HIGHEST_PROTOCOL), 1)


def unpacked(parcel: bytes) -> Any:
    """Undo `packed`; only for our own messages, since a pickle can execute any code."""
    return pickle.loads(zlib.decompress(parcel))


def name_of(function: Callable[..., Any]) -> str:
    """Return the name by which a worker imports a top-level function."""
    return f"{function.__module__}:{function.__qualname__}"


def named(name: str) -> Callable[..., Any]:
    """Return the function with a name of `name_of`."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
