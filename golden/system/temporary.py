# SPDX-License-Identifier: BSD-2-Clause
"""Temporary folders with an owner, so that remains of killed processes can be removed.

    FOLDER/lock       locked while the process that uses the folder runs
    FOLDER/content    the folder for the caller

A lock ends with its process, however the process ends. A process number is not enough: it may be
reused. Before a temporary folder is created, its unlocked siblings are removed; otherwise a folder
in the user's cache or next to a data set would stay forever.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .errors import FirstSpikeError

PREFIX = "firstspike-making-"
"""Prefix of the names of folders that can be removed."""


class BusyError(FirstSpikeError):
    """Another process is writing the object that the message names."""


@contextmanager
def temporary_folder(inside: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder, by default in the system's temporary folder; remove it at the end.

    Raises OSError if it cannot be created.
    """
    root = Path(tempfile.gettempdir() if inside is None else inside)
    sweep(root)
    lock = None
    while lock is None:  # a sweep may remove the folder before it is locked
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        lock = _locked(folder)
    with lock, _content(folder) as content:
        yield content


def sweep(root: Path) -> None:
    """Remove the temporary folders of killed processes in `root`, except those of other users."""
    for folder in root.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            lock = _locked(folder)
            if lock is not None:
                with lock:
                    _remove(folder)


@contextmanager
def reserved_folder(folder: Path, what: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a new empty folder in `folder`, which is created if needed, and remove it at the end.

    Raises `BusyError`, whose message names `what`, if another process uses the folder, and OSError
    if it cannot be created.
    """
    folder.mkdir(exist_ok=True)
    lock = _locked(folder)
    if lock is None:
        raise BusyError(
            f"{os.fspath(what)} is being written already: wait until that ends, or name another."
        )
    with lock, _content(folder) as content:
        yield content


def _locked(folder: Path) -> IO[bytes] | None:
    """Return the open lock file of a folder, or None if another process holds or has removed it."""
    path = folder / "lock"
    try:
        lock = open(path, "ab", opener=_without_following)  # noqa: SIM115, it outlives this call
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock.fileno()), os.lstat(path)):
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        lock.close()
        raise
    lock.close()
    return None


def _without_following(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


@contextmanager
def _content(folder: Path) -> Iterator[Path]:
    """Yield the empty content folder of a locked folder; both are removed at the end."""
    content = folder / "content"
    try:
        shutil.rmtree(content, ignore_errors=True)
        content.mkdir()
        yield content
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a locked folder, its lock last: then another process can create the folder anew.

    Next to the content there may be temporary folders for files that become part of it.
    """
    for path in folder.iterdir():
        if path.name != "lock":
            shutil.rmtree(path, ignore_errors=True)
    (folder / "lock").unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
