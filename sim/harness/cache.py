# SPDX-License-Identifier: BSD-2-Clause
"""A cache folder of things that take long to make, found again by what they were made from."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from platformdirs import user_cache_dir

from firstspike.golden.temporary import temporary_folder
from firstspike.hdl.flow.steps import step


def cache_folder() -> Path:
    """Where the cache is: $FIRSTSPIKE_CACHE, else `firstspike/sim` in the user's cache folder."""
    folder = os.environ.get("FIRSTSPIKE_CACHE")
    return Path(folder) if folder else Path(user_cache_dir("firstspike")) / "sim"


def cached(content: Iterable[str], make: Callable[[Path], None]) -> Path:
    """Return the folder that `make` fills, filled now or by an earlier call with this content.

    Parameters
    ----------
    content : texts that decide what the folder holds: sources, options, versions.
    make : fills the empty folder it is given.

    A folder appears under its name only when it is complete. An interrupted `make` leaves none
    behind; a second process that asks for the same waits for the first.

    Raises
    ------
    OSError : the cache folder cannot be written, or is full; it names the folder. What `make`
        raises passes through.
    """
    digest = hashlib.sha256()
    for text in content:
        digest.update(f"{len(text)}:{text}".encode())
    root = cache_folder()
    folder = root / digest.hexdigest()[:40]
    if folder.is_dir():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("another process is making the same: waiting for it"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            try:
                with temporary_folder(root) as making:
                    make(making)
                    making.rename(folder)
            except OSError as error:
                if error.filename is None:
                    error.filename = str(root)
                raise
    return folder
