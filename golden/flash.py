# SPDX-License-Identifier: BSD-2-Clause
"""The image of a network's weights in the flash of a board (DESIGN, section 8).

A design reads the image at power-up, and makes no decision unless the whole image is valid.

>>> image = image_of(b"a design", b"\\0\\1\\2\\3")
>>> payload_of(image, b"a design", 1)
b'\\x00\\x01\\x02\\x03'
"""

import struct
import zlib
from enum import IntEnum
from math import ceil

from firstspike.golden.system.errors import FirstSpikeError

MAGIC = b"fsW\1"
"""First bytes of an image; the last of them is the version of the format."""

IDENTITY_BYTES = 8
"""Bytes that identify a design."""

WORD_BYTES = 4
"""Bytes of a word of an image, most significant byte first."""

ADDRESS_BITS = 24
"""Bits of an address in a flash."""

PAGE_BYTES, SECTOR_BYTES = 256, 4096
"""Bytes of a flash that are programmed at once, and bytes that are erased at once."""

_HEADER = struct.Struct(f">4s{IDENTITY_BYTES}sI")
_CRC = struct.Struct(">I")


class Fault(IntEnum):
    """Reason why an image is invalid.

    Checks run in this order, and the first failure is reported.
    """

    NONE = 0
    ABSENT = 1
    """The bits of the first word are all equal: the flash is empty or missing."""
    FOREIGN = 2
    """The first word is not the magic number: other data, or another version."""
    OTHER = 3
    """The image belongs to another design."""
    DAMAGED = 4
    """The checksum is wrong."""


_SENTENCES = {
    Fault.ABSENT: "there is no image: the flash is empty, or missing",
    Fault.FOREIGN: "there is no image of weights, or one of another version",
    Fault.OTHER: "the image is for another design",
    Fault.DAMAGED: "the image is damaged",
}


class ImageError(FirstSpikeError):
    """An image is refused; `fault` gives the reason."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(_SENTENCES[fault])
        self.fault = fault


def header_of(identity: bytes, words: int) -> bytes:
    """Return the header of an image with `words` words of weights. Raises ValueError."""
    if len(identity) != IDENTITY_BYTES:
        raise ValueError(f"an identity has {IDENTITY_BYTES} bytes, not {len(identity)}.")
    return _HEADER.pack(MAGIC, identity, words)


def saved_address(region: int) -> int:
    """Return the address of the saved image in the region of a flash that begins at `region`.

    The header ends the first page of the region. Raises ValueError unless a sector begins there.
    """
    if region % SECTOR_BYTES:
        raise ValueError(f"a region is a multiple of {SECTOR_BYTES}, not {region:#x}.")
    return region + PAGE_BYTES - _HEADER.size


def saved_sectors(region: int, words: int) -> int:
    """Return the sectors of a region that a saved image with `words` words of weights needs.

    Raises ValueError if the region that begins at `region` ends behind the last address.
    """
    pages = 1 + ceil((words + 1) * WORD_BYTES / PAGE_BYTES)  # the words end with the checksum
    sectors = ceil(pages * PAGE_BYTES / SECTOR_BYTES)
    if not 0 <= region <= (1 << ADDRESS_BITS) - sectors * SECTOR_BYTES:
        raise ValueError(
            f"an address in the flash has {ADDRESS_BITS} bits: a region of {sectors} sectors at "
            f"{region:#x} has more."
        )
    return sectors


def image_of(identity: bytes, payload: bytes) -> bytes:
    """Return the image of the weights `payload` for the design with this identity.

    Raises ValueError unless the payload consists of whole words.
    """
    if len(payload) % WORD_BYTES:
        raise ValueError(f"weights are words of {WORD_BYTES} bytes, not {len(payload)} bytes.")
    content = header_of(identity, len(payload) // WORD_BYTES) + payload
    return content + _CRC.pack(crc(content))


def payload_of(image: bytes, identity: bytes, words: int) -> bytes:
    """Return the weights of an image as a design with `words` words of weights reads them.

    `image` begins at the address of the image; content behind the image is ignored. Missing bytes
    at the end read as ones, like an empty flash. Raises ImageError.
    """
    header = header_of(identity, words)
    end = len(header) + WORD_BYTES * words
    image = image.ljust(end + _CRC.size, b"\xff")
    if image[: len(MAGIC)] in (bytes(len(MAGIC)), b"\xff" * len(MAGIC)):
        raise ImageError(Fault.ABSENT)
    if not image.startswith(MAGIC):
        raise ImageError(Fault.FOREIGN)
    if not image.startswith(header):
        raise ImageError(Fault.OTHER)
    if _CRC.unpack_from(image, end) != (crc(image[:end]),):
        raise ImageError(Fault.DAMAGED)
    return image[len(header) : end]


def crc(content: bytes) -> int:
    """Return the CRC-32/BZIP2 of `content`, which takes the highest bit of each byte first.

    The value is the bit-reversed zlib checksum of the bit-reversed bytes.
    """
    return _mirrored(zlib.crc32(content.translate(_MIRRORS)), 32)


def _mirrored(number: int, bits: int) -> int:
    return int(f"{number:0{bits}b}"[::-1], 2)


_MIRRORS = bytes(_mirrored(byte, 8) for byte in range(256))
