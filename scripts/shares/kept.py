# SPDX-License-Identifier: BSD-2-Clause
"""A cache of results on disk, addressed by function, task and versions.

    CACHE/shares/DIGEST    SHA-256 of the parcel, and the parcel

Results that were not used for `DAYS` are removed, such as those of older sources.
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
    """Return the folder of the cache."""
    return cache_folder() / "shares"


def place(function: Callable[..., Any], task: Any, versions: Mapping[str, str]) -> Path:
    """Return the path of the result of a function for a task.

    Raises `TokenizationError`, of Dask, for a task that is not plain data: numbers, texts, arrays,
    tuples, dataclasses.
    """
    import dask
    from dask.tokenize import tokenize

    with dask.config.set({"tokenize.ensure-deterministic": True}):
        content = f"{name_of(function)} {tokenize(task)} {sorted(versions.items())}"
    return folder() / hashlib.sha256(content.encode()).hexdigest()


def found(path: Path) -> bytes | None:
    """Return the stored result; None if the file is missing or damaged."""
    try:
        content = path.read_bytes()
        os.utime(path)  # marks the result as used
    except OSError:
        return None
    digest, parcel = content[:32], content[32:]
    return parcel if hashlib.sha256(parcel).digest() == digest else None


def keep(path: Path, parcel: bytes) -> None:
    """Store a result. Raises OSError if the cache is not writable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(BusyError):  # another process stores the same result
        replace_file(path, hashlib.sha256(parcel).digest() + parcel)


def sweep() -> None:
    """Remove results that were not used for `DAYS`."""
    oldest = time.time() - DAYS * 24 * 3600
    for path in folder().glob("?" * 64):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
