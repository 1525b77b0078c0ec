# SPDX-License-Identifier: BSD-2-Clause
"""The cache of results that take long to compute, found by the content that they depend on.

    CACHE/DIGEST         the result, a folder
    CACHE/DIGEST.sums    its files with their SHA-256; locked while the result is computed

A crash or a faulty disk may damage files: a result that differs from its sums is computed again.
So is a result with a link or a pipe among its files; sums that are one are refused.
The cache contains compiled simulations, results of shares, and placements of a search for a clock.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from platformdirs import user_cache_dir

from firstspike.golden.system.temporary import check_own, own_file, temporary_folder
from firstspike.hdl.flow.steps import step

DAYS = 30
"""Days since the last use after which a result is removed."""

LIMIT = 8 << 30
"""Bytes above which the results are removed that were not used for the longest time.

Results that were used within the last day stay.
"""

_DAY = 24 * 3600.0

_PAUSE = 3600.0
"""Seconds between two searches of a process for unused results: a search reads all sizes."""

_searched = -_PAUSE
"""Time of the last search of this process."""

_RESULT = "result"
"""File with the result of `store`."""


def cache_folder() -> Path:
    """Return the cache's folder: $FIRSTSPIKE_CACHE, or `firstspike/sim` in the user's cache."""
    folder = os.environ.get("FIRSTSPIKE_CACHE")
    return Path(folder).absolute() if folder else Path(user_cache_dir("firstspike")) / "sim"


def stored(content: Iterable[str]) -> bytes | None:
    """Return the result of an earlier `store` with this content, or None.

    Raises OSError as `cached` does.
    """
    folder = _complete(_folder(content))
    return None if folder is None else (folder / _RESULT).read_bytes()


def store(content: Iterable[str], result: bytes) -> None:
    """Store a result of one file for this content. Raises OSError as `cached` does."""
    cached(content, lambda folder: (folder / _RESULT).write_bytes(result))


def cached(content: Iterable[str], make: Callable[[Path], object]) -> Path:
    """Return the folder that `make` fills, filled now or by an earlier call with this content.

    Parameters
    ----------
    content : texts that decide what the folder contains: sources, options, versions.
    make : fills an empty folder.

    A folder appears under its name only when it is complete. An interrupted `make` leaves none
    behind; a second process with the same content waits for the first. A damaged folder is
    computed again. After a computation, the cache removes unused results (`DAYS`, `LIMIT`), but a
    process does so at most once per `_PAUSE`.

    Raises
    ------
    OSError : the cache folder cannot be written, or is full; it names the folder. The sums
        are no ordinary file; it names them. Errors of `make` pass through.
    """
    folder = _folder(content)
    if _complete(folder):
        return folder
    root = folder.parent
    root.mkdir(parents=True, exist_ok=True)
    with _locked(_sums_file(folder)):
        if not _complete(folder):
            try:
                with temporary_folder(root) as making:
                    make(making)
                    sums = _sums(making)
                    if os.path.lexists(folder):
                        damaged = making.with_name("damaged")
                        damaged.mkdir()
                        folder.rename(damaged / folder.name)
                    making.rename(folder)
                    with open(_sums_file(folder), "w", opener=own_file) as file:
                        file.write(sums)
            except OSError as error:
                if error.filename is None:
                    error.filename = str(root)
                raise
    global _searched
    if time.monotonic() - _searched >= _PAUSE:
        _searched = time.monotonic()
        remove_unused()
    return folder


def remove_unused() -> None:
    """Remove results by `DAYS` and `LIMIT`; those that another process computes stay."""
    size, now = 0, time.time()
    used = {}
    for sums in cache_folder().glob("?" * 40 + ".sums"):
        with suppress(OSError):  # another process removes it
            used[sums] = sums.stat().st_mtime
    for sums in sorted(used, key=used.__getitem__, reverse=True):
        folder, days = sums.with_suffix(""), (now - used[sums]) / _DAY
        with suppress(OSError):
            size += sum(path.stat().st_size for path in folder.iterdir())
        if days > DAYS or (days > 1 and size > LIMIT):
            with suppress(OSError), _locked(sums, wait=False):
                shutil.rmtree(folder)
                sums.unlink()


def _folder(content: Iterable[str]) -> Path:
    digest = hashlib.sha256()
    for text in content:
        digest.update(f"{len(text)}:{text}".encode())
    return cache_folder() / digest.hexdigest()[:40]


@contextmanager
def _locked(sums: Path, *, wait: bool = True) -> Iterator[None]:
    """Lock a result; without `wait`, raise BlockingIOError if another process holds the lock."""
    while True:
        with open(sums, "a", opener=own_file) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not wait:
                    raise
                with step("another process is making the same: waiting for it"):
                    fcntl.flock(lock, fcntl.LOCK_EX)
            if sums.exists() and sums.samefile(f"/dev/fd/{lock.fileno()}"):
                yield
                return


def _complete(folder: Path) -> Path | None:
    """Return the folder if it contains a whole result, and record its use; otherwise None.

    Raises OSError if its sums are no ordinary file, before the result is computed again.
    """
    sums = _sums_file(folder)
    check_own(sums)
    try:
        with open(sums, opener=own_file) as file:
            if file.read() != _sums(folder):
                return None
    except (OSError, UnicodeDecodeError):
        return None
    with suppress(OSError):  # a cache of another user
        os.utime(sums)
    return folder


def _sums_file(folder: Path) -> Path:
    return folder.with_suffix(".sums")


def _sums(folder: Path) -> str:
    """A line per file: its SHA-256 and its name."""
    lines = []
    for path in sorted(folder.iterdir()):
        with open(path, "rb", opener=own_file) as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)
