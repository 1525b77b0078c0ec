# SPDX-License-Identifier: BSD-2-Clause
"""Temporary folders with an owner, so that remains of killed processes can be removed.

    FOLDER/lock       locked while the process that uses the folder runs
    FOLDER/content    the folder for the caller

A lock ends with its process, however the process ends. A process number is not enough: it may be
reused. Before a temporary folder is created, its unlocked siblings are removed; otherwise a folder
in the user's cache or next to a data set would stay forever.
"""

import errno
import fcntl
import os
import shutil
import stat
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
    check_own(folder)
    folder.mkdir(exist_ok=True)
    lock = _locked(folder)
    if lock is None:
        raise BusyError(
            f"{os.fspath(what)} is being written already: wait until that ends, or name another."
        )
    with lock, _content(folder) as content:
        yield content


def check_own(path: str | os.PathLike[str]) -> None:
    """Raise `OSError` if `path`, which only this package writes, is a link, a pipe or a device."""
    with suppress(FileNotFoundError):
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            reason = f"{os.fspath(path)!r} is a link or a special file: remove it"
            raise OSError(errno.EINVAL, reason, os.fspath(path))


def own_file(path: str, flags: int) -> int:
    """Open a file for `open`, as its opener. Raises `OSError` as `check_own` does.

    A link is not followed and a pipe does not wait, even if it appears during the call.
    """
    check_own(path)
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)


def _locked(folder: Path) -> IO[bytes] | None:
    """Return the open lock file of a folder, or None if another process holds or has removed it."""
    path = folder / "lock"
    try:
        lock = open(path, "ab", opener=own_file)  # noqa: SIM115, it outlives this call
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
