# SPDX-License-Identifier: BSD-2-Clause
"""Writes files atomically, and reads only files that end."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from .temporary import reserved_folder

_PART = 1 << 20
"""Bytes per read of a pipe."""


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Add `path` to an `OSError` in the block that names no file, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a path to write to; the written file replaces `path` if the block raises nothing.

    If the block deletes the file, `path` stays as it is.

    The file is opened immediately, so an unwritable folder (`OSError`), or one to which another
    process writes (`BusyError`), is found before the work is done. A device or a pipe is written to
    directly.
    """
    path = Path(path)
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if path.exists() and not path.is_file():
        if not path.is_fifo():  # whose reader would see its end
            path.open("wb").close()
        yield path
        return
    target = path.resolve()  # the target of a link is replaced, not the link
    with ExitStack() as stack:
        with naming(path):
            making = target.with_name(f".{target.name}.making")
            new_file = stack.enter_context(reserved_folder(making, path)) / target.name
            new_file.open("wb").close()
        try:
            yield new_file
            if not new_file.exists():
                return
            with naming(path):
                with open(new_file, "rb") as file:
                    os.fsync(file)  # or a power failure could lose the content
                os.replace(new_file, target)
        except OSError as error:
            if error.filename != str(new_file):
                raise
            raise OSError(error.errno, error.strerror, str(path)) from None


@contextmanager
def reading(path: str | os.PathLike[str] | int, most: int) -> Iterator[BinaryIO]:
    """Open an untrusted file of at most `most` bytes for reading at any offset.

    An ordinary file is opened directly. An anonymous pipe, which a shell creates for `<(...)`, is
    copied to its end first. `path` may be a descriptor: then any pipe or terminal is copied. Raises
    `OSError` for a device or a named pipe, which may never end.
    """
    is_descriptor = isinstance(path, int)
    name = "standard input" if path == 0 else str(path)
    with ExitStack() as stack:
        with naming(name):
            source, opener = (os.dup(path), None) if isinstance(path, int) else (path, _at_once)
            file: BinaryIO = stack.enter_context(open(source, "rb", opener=opener))
        status = os.fstat(file.fileno())
        pipe = stat.S_ISFIFO(status.st_mode) and (
            is_descriptor or status.st_dev == _device_of_pipes()
        )
        if pipe or (is_descriptor and file.isatty()):
            file = stack.enter_context(_copied(file, name, most))
        elif not stat.S_ISREG(status.st_mode):
            reason = "it is no ordinary file and may never end: copy its content into one"
            raise OSError(errno.EINVAL, reason, name)
        elif status.st_size > most:
            raise _too_long(name, most)
        elif not status.st_size:  # the size of files that the kernel generates during the read
            file = stack.enter_context(open(os.devnull, "rb"))
        yield file


def _at_once(path: str, flags: int) -> int:
    """Open without waiting: a named pipe would wait for its writer."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _copied(pipe: BinaryIO, name: str, most: int) -> BinaryIO:
    """Copy the content of a pipe into a file without a name."""
    os.set_blocking(pipe.fileno(), True)
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115, it outlives this call
    try:
        left = most
        while part := pipe.read(_PART):
            left -= len(part)
            if left < 0:
                raise _too_long(name, most)
            file.write(part)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _device_of_pipes() -> int:
    """Return the device number that the system gives to anonymous pipes."""
    ends = os.pipe()
    try:
        return os.fstat(ends[0]).st_dev
    finally:
        for end in ends:
            os.close(end)


def _too_long(name: str, most: int) -> OSError:
    return OSError(errno.EFBIG, f"it has more than {most} bytes, the most that are read", name)


def read_file(path: str | os.PathLike[str], most: int) -> bytes:
    """Read an untrusted file of at most `most` bytes. Raises `OSError` as `reading` does."""
    with reading(path, most) as file:
        return file.read()


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file; an existing one is replaced completely or not at all.

    An `OSError` names the file.
    """
    with replacing(path) as file, naming(file):
        file.write_bytes(content)


def companion_path(path: str | os.PathLike[str], ending: str, suffix: str = ".npz") -> Path:
    """Return the name of a file that belongs to another one: `ending` comes before its `suffix`."""
    path = Path(path)
    return path.with_name(f"{path.name.removesuffix(suffix)}{ending}{suffix}")


@contextmanager
def adding_to(folder: Path) -> Iterator[Path]:
    """Yield an empty folder; its content moves into `folder` if the block raises nothing.

    `folder` is created if it does not exist. Raises `BusyError` if another process does the same.
    """
    with creating(folder), reserved_folder(folder / ".making", folder) as making:
        yield making
        for path in sorted(making.iterdir()):
            os.replace(path, folder / path.name)


@contextmanager
def creating(folder: Path) -> Iterator[None]:
    """Create a folder if it does not exist; remove it if the block raises and leaves it empty."""
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if new:
            with suppress(OSError):  # another process already uses it
                folder.rmdir()
        raise
