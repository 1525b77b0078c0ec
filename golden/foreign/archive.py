# SPDX-License-Identifier: BSD-2-Clause
"""Reads the arrays of an .npz of unknown origin, and looks at them before it unpacks them.

A file of a few kilobytes can promise gigabytes. So name, type and shape of every member are read
first, from its head, and the caller checks them. Then exactly as much is unpacked as they say.
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
"""Ways of compression that numpy writes; others can unpack one byte to thousands."""

MOST_MEMBERS = 4096

MOST_TABLE = 256 * MOST_MEMBERS
"""Most bytes of the table of members: zipfile needs ten times as many to read it."""

_HEAD = 1 << 14  # bytes: numpy reads no header of more than 10,000 characters
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class ArchiveError(FirstSpikeError, ValueError):
    """An archive that is not read; the message says why."""


@dataclass(frozen=True)
class Member:
    """Name, type and shape of an array, as the head of its member says."""

    info: zipfile.ZipInfo
    dtype: np.dtype
    shape: tuple[int, ...]


def bytes_of(array: Member | np.ndarray) -> int:
    """Size in bytes, counting at least one byte per element: strings can be empty."""
    return max(array.dtype.itemsize, 1) * math.prod(array.shape)


def read_archive(
    file: BinaryIO, check: Callable[[Mapping[str, Member]], None], most: int
) -> dict[str, np.ndarray]:
    """Return the arrays of an open .npz by name; together they have at most `most` bytes.

    `check` may raise any error for members that it refuses. Raises `ArchiveError` for a file that
    is no .npz without pickles, is damaged, or has too much in it.
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
    """A file for zipfile, which reads the table of members at once, however long it may be.

    Nothing else that is read while an archive is opened is longer than the end of a file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.most: int | None = MOST_TABLE
        """Most bytes per read; None once the archive is open."""

    def read(self, size: int = -1) -> bytes:
        """Read, or raise `ArchiveError`."""
        if self.most is not None and size > self.most:
            raise ArchiveError(
                f"the table of its members has {size} bytes, of which at most {self.most} are read."
            )
        return self._file.read(size)


@contextmanager
def _readable() -> Iterator[None]:
    """Raise any error of a damaged archive as `ArchiveError`: zipfile, zlib and numpy have many."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd headers, beside our sentence
            yield
    except (ArchiveError, OSError):
        raise
    except Exception as error:
        said = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise ArchiveError(f"it cannot be read as an .npz without pickles ({said:.100}).") from None


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    """Read the head of a member."""
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
        file.read(1)  # the end, where the checksum is compared
    if array.dtype.kind == "U":
        array.tolist()  # which not all that can be stored is a character of
    return array
