# SPDX-License-Identifier: BSD-2-Clause
"""The image of a network's weights in the flash of a board (DESIGN, section 8).

A design reads it at power-up, and decides nothing unless all of it is right.

>>> image = image_of(b"a design", b"\\0\\1\\2\\3")
>>> payload_of(image, b"a design", 1)
b'\\x00\\x01\\x02\\x03'
"""

import struct
import zlib
from enum import IntEnum

from firstspike.golden.system.errors import FirstSpikeError

MAGIC = b"fsW\1"
"""The first bytes of an image; the last of them is the version of the format."""

IDENTITY_BYTES = 8
"""Bytes by which a design is known."""

WORD_BYTES = 4
"""An image consists of words of so many bytes, the highest byte first."""

_HEADER = struct.Struct(f">4s{IDENTITY_BYTES}sI")
_CRC = struct.Struct(">I")


class Fault(IntEnum):
    """What is wrong with an image. The first one that is met is said."""

    NONE = 0
    ABSENT = 1
    """All bits of the first word are equal: the flash is empty, or there is none."""
    FOREIGN = 2
    """It does not begin with the magic: something else is there, or another version."""
    OTHER = 3
    """It is for another design."""
    DAMAGED = 4
    """Its checksum is wrong."""


_SENTENCES = {
    Fault.ABSENT: "there is no image: the flash is empty, or missing",
    Fault.FOREIGN: "there is no image of weights, or one of another version",
    Fault.OTHER: "the image is for another design",
    Fault.DAMAGED: "the image is damaged",
}


class ImageError(FirstSpikeError):
    """An image that is refused; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(_SENTENCES[fault])
        self.fault = fault


def header_of(identity: bytes, words: int) -> bytes:
    """Return the header of an image with so many words of weights. Raises ValueError."""
    if len(identity) != IDENTITY_BYTES:
        raise ValueError(f"an identity has {IDENTITY_BYTES} bytes, not {len(identity)}.")
    return _HEADER.pack(MAGIC, identity, words)


def image_of(identity: bytes, payload: bytes) -> bytes:
    """Return the image of the weights `payload` for the design with this identity.

    Raises ValueError unless the payload consists of whole words.
    """
    if len(payload) % WORD_BYTES:
        raise ValueError(f"weights are words of {WORD_BYTES} bytes, not {len(payload)} bytes.")
    content = header_of(identity, len(payload) // WORD_BYTES) + payload
    return content + _CRC.pack(crc(content))


def payload_of(image: bytes, identity: bytes, words: int) -> bytes:
    """Return the weights of an image as a design with so many words of them reads it.

    `image` begins where the image should begin; what follows it in the flash does not matter. What
    is missing at its end reads as ones, as an empty flash does. Raises ImageError.
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
    """Return the CRC-32/BZIP2 of `content`, which takes the highest bit of a byte first.

    It is zlib's checksum of mirrored bytes, mirrored.
    """
    return _mirrored(zlib.crc32(content.translate(_MIRRORS)), 32)


def _mirrored(number: int, bits: int) -> int:
    return int(f"{number:0{bits}b}"[::-1], 2)


_MIRRORS = bytes(_mirrored(byte, 8) for byte in range(256))
