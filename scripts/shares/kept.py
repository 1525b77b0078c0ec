# SPDX-License-Identifier: BSD-2-Clause
"""Keeps results, and finds them again by what they were made from.

    CACHE/shares/DIGEST    SHA-256 of the parcel, and the parcel

A result that nobody asked for in `DAYS` is swept, so that those of older sources go.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from firstspike.golden.system.files import replace_file
from firstspike.golden.system.temporary import BusyError
from firstspike.sim.harness.cache import cache_folder

from .parcels import name_of

DAYS = 30


def folder() -> Path:
    """Where results are kept."""
    return cache_folder() / "shares"


def place(function: Callable[..., Any], task: Any, versions: Mapping[str, str]) -> Path:
    """The file of what a function makes of a task.

    Raises `TokenizationError`, of Dask, for a task that is not plain data: numbers, texts, arrays,
    tuples, dataclasses.
    """
    import dask
    from dask.tokenize import tokenize

    with dask.config.set({"tokenize.ensure-deterministic": True}):
        content = f"{name_of(function)} {tokenize(task)} {sorted(versions.items())}"
    return folder() / hashlib.sha256(content.encode()).hexdigest()


def found(path: Path) -> bytes | None:
    """The parcel that is kept in a file, None without one, or where it is damaged."""
    try:
        content = path.read_bytes()
        os.utime(path)  # somebody has asked for it
    except OSError:
        return None
    digest, parcel = content[:32], content[32:]
    return parcel if hashlib.sha256(parcel).digest() == digest else None


def keep(path: Path, parcel: bytes) -> None:
    """Keep a parcel. Raises OSError where the cache cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(BusyError):  # another process keeps the same
        replace_file(path, hashlib.sha256(parcel).digest() + parcel)


def sweep() -> None:
    """Remove results that nobody asked for in `DAYS`."""
    oldest = time.time() - DAYS * 24 * 3600
    for path in folder().glob("?" * 64):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
