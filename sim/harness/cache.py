# SPDX-License-Identifier: BSD-2-Clause
"""A cache folder of things that take long to make, found again by what they were made from.

    CACHE/DIGEST         what was made, a folder
    CACHE/DIGEST.sums    its files with their SHA-256, written last
    CACHE/DIGEST.lock    locked while it is made

A crash, or a disk, may cut files short: what is not as the sums say is made anew.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from platformdirs import user_cache_dir

from firstspike.golden.system.files import replace_file
from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.flow.steps import step


def cache_folder() -> Path:
    """Return the cache's folder: $FIRSTSPIKE_CACHE, or `firstspike/sim` in the user's cache."""
    folder = os.environ.get("FIRSTSPIKE_CACHE")
    return Path(folder).absolute() if folder else Path(user_cache_dir("firstspike")) / "sim"


def cached(content: Iterable[str], make: Callable[[Path], None]) -> Path:
    """Return the folder that `make` fills, filled now or by an earlier call with this content.

    Parameters
    ----------
    content : texts that decide what the folder holds: sources, options, versions.
    make : fills the empty folder it is given.

    A folder appears under its name only when it is complete. An interrupted `make` leaves none
    behind; a second process that asks for the same waits for the first. A folder that is damaged is
    made anew.

    Raises
    ------
    OSError : the cache folder cannot be written, or is full; it names the folder. Errors
        of `make` pass through.
    """
    digest = hashlib.sha256()
    for text in content:
        digest.update(f"{len(text)}:{text}".encode())
    root = cache_folder()
    folder = root / digest.hexdigest()[:40]
    if _is_complete(folder):
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("another process is making the same: waiting for it"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_complete(folder):
            try:
                with temporary_folder(root) as making:
                    make(making)
                    sums = _sums(making)
                    if folder.is_dir():
                        folder.rename(making.with_name("damaged"))
                    making.rename(folder)
                    replace_file(_sums_file(folder), sums.encode())
            except OSError as error:
                if error.filename is None:
                    error.filename = str(root)
                raise
    return folder


def _is_complete(folder: Path) -> bool:
    """Whether a folder holds what was made."""
    try:
        return _sums_file(folder).read_text() == _sums(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _sums_file(folder: Path) -> Path:
    return folder.with_suffix(".sums")


def _sums(folder: Path) -> str:
    """A line per file: its SHA-256 and its name."""
    lines = []
    for path in sorted(folder.iterdir()):
        with open(path, "rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)
