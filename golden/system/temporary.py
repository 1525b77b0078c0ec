# SPDX-License-Identifier: BSD-2-Clause
"""Temporary folders with an owner: whatever a killed process leaves behind is swept.

    FOLDER/lock       locked as long as the process lives that uses the folder
    FOLDER/content    what is worked in

A lock ends with its process, however the process ends. The number of a process would not do: it may
belong to another one by then. Each new temporary folder first removes those beside it that nobody
holds. A folder in the user's cache or beside a data set would else stay for ever.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from firstspike.golden.system.errors import FirstSpikeError

PREFIX = "firstspike-making-"
"""Beginning of the names of folders that are swept."""


class BusyError(FirstSpikeError):
    """Another process is writing something, which the message names."""


@contextmanager
def temporary_folder(inside: Path | None = None) -> Iterator[Path]:
    """Give an empty folder that is removed in the end; by default in the system's own for them.

    Raises OSError where none can be made.
    """
    root = Path(tempfile.gettempdir() if inside is None else inside)
    sweep(root)
    lock = None
    while lock is None:  # a sweeper may come between the folder and its lock
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        lock = _locked(folder)
    with lock, _content(folder) as content:
        yield content


def sweep(root: Path) -> None:
    """Remove the temporary folders in `root` that killed processes have left."""
    for stale in root.glob(f"{PREFIX}*"):
        _sweep(stale)


@contextmanager
def reserved_folder(folder: Path, what: str | os.PathLike[str]) -> Iterator[Path]:
    """Give an empty folder inside `folder`, which is made for it, swept before and removed after.

    Raises `BusyError` with the name of `what` is being made there where another has it, and
    OSError where it cannot be made.
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
    """The open file that holds a folder for us; None where another does, or has removed it."""
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
    """The content of a folder that we hold: empty now, and gone with the folder in the end."""
    content = folder / "content"
    try:
        shutil.rmtree(content, ignore_errors=True)
        content.mkdir()
        yield content
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder that we hold; the lock last, for whoever makes one anew has the folder.

    There may be folders for the time being beside the content, for what becomes part of it.
    """
    for path in folder.iterdir():
        if path.name != "lock":
            shutil.rmtree(path, ignore_errors=True)
    (folder / "lock").unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _sweep(folder: Path) -> None:
    """Remove a folder that nobody holds; one of another user stays."""
    with suppress(OSError):
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            return
        lock = _locked(folder)
        if lock is not None:
            with lock:
                _remove(folder)
