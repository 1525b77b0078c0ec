# SPDX-License-Identifier: BSD-2-Clause
"""Files that appear whole or not at all, and are not read for ever."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from .temporary import reserved_folder

_PART = 1 << 20


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let an `OSError` in the block name `path`: a full disk names no file of itself."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path to write to; what is written there replaces `path` if nothing is raised.

    The file is opened at once, so that an unwritable place is found before the work is done
    (`OSError`), and a place that another process is writing to as well (`BusyError`). What is no
    ordinary file (a device, a pipe) is written to directly.
    """
    path = Path(path)
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if path.exists() and not path.is_file():
        path.open("wb").close()
        yield path
        return
    target = path.resolve()  # what a link points to is replaced, not the link
    with ExitStack() as stack:
        with naming(path):
            making = target.with_name(f".{target.name}.making")
            beside = stack.enter_context(reserved_folder(making, path)) / target.name
            beside.open("wb").close()
        try:
            yield beside
            with naming(path):
                with open(beside, "rb") as file:
                    os.fsync(file)  # or a loss of power might leave the new name without content
                os.replace(beside, target)
        except OSError as error:
            if error.filename != str(beside):
                raise
            raise OSError(error.errno, error.strerror, str(path)) from None


def read_file(path: str | os.PathLike[str], most: int) -> bytes:
    """The content of a file; of one that is longer, or never ends, `most` bytes and one more."""
    parts, left = [], most + 1
    with open(path, "rb") as file:
        while left and (part := file.read(min(left, _PART))):  # it makes room for all it may read
            parts.append(part)
            left -= len(part)
    return b"".join(parts)


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file; one that exists is replaced whole or not touched. An `OSError` names it."""
    with replacing(path) as file, naming(file):
        file.write_bytes(content)


def beside(path: str | os.PathLike[str], what: str) -> Path:
    """NET.WHAT.npz of a network file NET.npz."""
    path = Path(path)
    return path.with_name(f"{path.name.removesuffix('.npz')}.{what}.npz")


@contextmanager
def adding_to(folder: Path) -> Iterator[Path]:
    """Give an empty folder; what is written there moves into `folder` if nothing is raised.

    `folder` is made if it is not there. Raises `BusyError` where another process does the same.
    """
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with reserved_folder(folder / ".making", folder) as making:
            yield making
            for path in sorted(making.iterdir()):
                os.replace(path, folder / path.name)
    except BaseException:
        if new:
            with suppress(OSError):  # another process has begun to use it
                folder.rmdir()
        raise
