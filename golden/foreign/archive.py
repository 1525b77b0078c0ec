# SPDX-License-Identifier: BSD-2-Clause
"""Reads the arrays of an .npz of unknown origin, and checks them before it unpacks them.

A file of a few kilobytes can expand to gigabytes. The reader therefore first reads name, type and
shape of every member from its header, and the caller checks them. Then it unpacks exactly that many
bytes.
"""

import io
import math
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from firstspike.golden.system.errors import FirstSpikeError

METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Compression methods that numpy writes; others can expand one byte to thousands."""

MOST_MEMBERS = 4096

MOST_TABLE = 256 * MOST_MEMBERS
"""Largest size in bytes of the table of members: zipfile needs ten times as many to read it."""

_HEAD = 1 << 14  # bytes: numpy reads no header of more than 10,000 characters
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class ArchiveError(FirstSpikeError, ValueError):
    """An archive is refused; the message gives the reason."""


@dataclass(frozen=True)
class Member:
    """Name, type and shape of an array, from the header of its member."""

    info: zipfile.ZipInfo
    dtype: np.dtype
    shape: tuple[int, ...]


def bytes_of(array: Member | np.ndarray) -> int:
    """Return the size in bytes, counting at least one byte per element: strings can be empty."""
    return max(array.dtype.itemsize, 1) * math.prod(array.shape)


def read_archive(
    file: BinaryIO, check: Callable[[Mapping[str, Member]], None], most: int
) -> dict[str, np.ndarray]:
    """Return the arrays of an open .npz by name, of at most `most` bytes together.

    `check` may raise any error for members that it refuses. Raises `ArchiveError` for a file that
    is not an .npz without pickles, is damaged, or is too large.
    """
    with _readable():
        opening = _Opening(file)
        archive = zipfile.ZipFile(opening)
        opening.most = None
        if len(archive.infolist()) > MOST_MEMBERS:
            raise ArchiveError(f"it has more than {MOST_MEMBERS} members.")
        members: dict[str, Member] = {}
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name == info.filename or name in members:
                raise ArchiveError(f"its member {info.filename!r:.40} is no array of its own.")
            members[name] = _member(archive, info)
    total = sum(bytes_of(member) for member in members.values())
    if total > most:
        raise ArchiveError(f"its arrays have {total} bytes, of which at most {most} are read.")
    check(members)
    with _readable():
        return {name: _array(archive, member) for name, member in members.items()}


class _Opening:
    """A file for zipfile, which would read a table of members of any length at once.

    All other reads during the opening of an archive are shorter than the end record of a file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.most: int | None = MOST_TABLE
        """Largest number of bytes per read; None once the archive is open."""

    def read(self, size: int = -1) -> bytes:
        """Read bytes. Raises `ArchiveError` if too many are requested."""
        if self.most is not None and size > self.most:
            raise ArchiveError(
                f"the table of its members has {size} bytes, of which at most {self.most} are read."
            )
        return self._file.read(size)


@contextmanager
def _readable() -> Iterator[None]:
    """Raise errors of a damaged archive as `ArchiveError`: zipfile, zlib and numpy have many."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd headers, beside our message
            yield
    except (ArchiveError, OSError, MemoryError):
        raise
    except Exception as error:
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise ArchiveError(
            f"it cannot be read as an .npz without pickles ({reason:.100})."
        ) from None


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    """Read the header of a member."""
    name = f"{info.filename!r:.40}"
    if info.compress_type not in METHODS:
        raise ArchiveError(f"its member {name} is neither stored nor deflated: save it by numpy.")
    with archive.open(info) as file:
        head = io.BytesIO(file.read(_HEAD))
    shape, _, dtype = _HEADERS[np.lib.format.read_magic(head)](head)
    if dtype.hasobject:
        raise ArchiveError(
            f"it cannot be read as an .npz without pickles ({name} has objects, which "
            "numpy makes of series of unequal lengths: bring them to one length)."
        )
    nbytes = dtype.itemsize * math.prod(shape)
    if min(shape, default=0) < 0 or info.file_size != head.tell() + nbytes:
        raise ArchiveError(f"its member {name} is not as long as its head says.")
    return Member(info, dtype, shape)


def _array(archive: zipfile.ZipFile, member: Member) -> np.ndarray:
    with archive.open(member.info) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
        file.read(1)  # the end of the member, where zipfile compares the checksum
    if array.dtype.kind == "U":
        array.tolist()  # fails if a stored code is not a valid character
    return array
