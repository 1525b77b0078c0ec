# SPDX-License-Identifier: BSD-2-Clause
"""What travels between the one who asks and the process that works: a task, and what came of it."""

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
    """One that is for people, None for a fault of the program."""
    traceback: str = ""
    """Of a fault."""


def packed(content: Any) -> bytes:
    """Anything that Python can pickle, deflated."""
    return zlib.compress(pickle.dumps(content, pickle.HIGHEST_PROTOCOL), 1)


def unpacked(parcel: bytes) -> Any:
    """What `packed` was given; only for parcels of our own, for a pickle can do anything."""
    return pickle.loads(zlib.decompress(parcel))


def name_of(function: Callable[..., Any]) -> str:
    """By which a function at the top of its module is found again."""
    return f"{function.__module__}:{function.__qualname__}"


def named(name: str) -> Callable[..., Any]:
    """The function of a name."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
