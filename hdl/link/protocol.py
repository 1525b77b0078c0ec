"""The bytes of the link: what host and hardware both know (docs/link.md says the same in words).

A frame is COBS-coded and ends with a zero byte. Decoded it is

    type, sequence, payload ..., CRC-16 (high byte first)

Requests go to the board, answers come back with the request's sequence and its type + ANSWER.
All numbers are little-endian but the CRC. This module is plain Python: the hardware takes its
constants from here, and so do the benches and the host.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from enum import IntEnum
from typing import Any, ClassVar

from cobs import cobs

VERSION = 1
"""Of the protocol."""

BAUD = 3_000_000
"""Bits a second, 8N1."""

DELIMITER = b"\0"
"""Ends every frame. One before a frame does no harm, and ends what noise has begun."""

CRC_BITS = 16
CRC_POLYNOMIAL, CRC_INITIAL = 0x1021, 0xFFFF  # CRC-16/IBM-3740, as `binascii.crc_hqx`

ANSWER = 0x80
"""Added to a request's type in its answer."""

UNLABELLED = 0xFF
"""The label of an image that is not to be learned."""

PROBE = 0
"""A type that no request has. Such a frame is dropped for its `Cause.TYPE` whatever its sequence,
and changes nothing; but the notice of that says which sequence is expected. So it can be repeated
until the notice comes, where the first byte of HELLO's answer is lost with that answer."""

HEADER_BYTES = 2
"""Type and sequence."""

RING_OVERHEAD = 4
"""Bytes that a request takes of the board's capacity besides its payload: length, header."""


class Request(IntEnum):
    """Types of requests; each is answered."""

    HELLO = 1
    """No payload. Taken whatever its sequence; the next request's is one more, modulo 256."""
    WRITE = 2
    """Layer (1), address of the first word (3), whole weight words, each of 4 * chunks bytes."""
    READ = 3
    """Layer (1), address of the first word (3), number of words (1, at least 1)."""
    CHECKSUM = 4
    """No payload."""
    PIXELS = 5
    """Label (1), bitmap of all pixels: pixel p is bit p % 8 of byte p // 8; the rest is 0."""
    INPUTS = 6
    """Label (1), bitmap of the connected inputs alone, as above."""
    EVENTS = 7
    """Label (1), then tick (2) and row (2) of every spike, in order of tick."""
    SETTINGS = 8
    """`SETTINGS_FORMAT`: the registers of the learning rule."""
    STATUS = 9
    """No payload."""
    RESET = 10
    """No payload: the core is as after power-up, but for the weights."""


class Notice(IntEnum):
    """Types of answers that are no request's type + ANSWER."""

    REFUSED = 0xFE
    """The request of this sequence came well but asks for what is not there: `Cause`."""
    ERROR = 0xFF
    """Frames were dropped (`ERROR_FORMAT`); the sequence is the one that is expected next."""


class Cause(IntEnum):
    """Why a frame was dropped, or a request refused."""

    FRAMING = 1
    """A stop bit was missing, a break, or bytes that are no COBS."""
    CRC = 2
    """The checksum is wrong, or the frame too short to have one."""
    TYPE = 3
    """There is no such request, or this core has no such thing."""
    LENGTH = 4
    """The payload's length is not that of the type."""
    SEQUENCE = 5
    """Not the sequence that is expected: a frame before it was lost."""
    OVERRUN = 6
    """The board has no room: the host has sent more than its capacity."""
    RANGE = 7
    """No such layer or address, or no whole number of words (of requests refused)."""


ADDRESS_FORMAT = struct.Struct("<I")  # layer in the lowest byte, address in the upper three
SETTINGS_FORMAT = struct.Struct("<BBBBBHH")
"""step, row_draw, output_draw, every_competitor, margin shift, margin minimum, seed: the order of
`learner.settings_layout`."""
EVENT_FORMAT = struct.Struct("<HH")  # tick, row
CHECKSUM_FORMAT = struct.Struct("<I")  # CRC-32 (zlib's) of all words of all layers, in order
ERROR_FORMAT = struct.Struct("<BH")  # cause of the latest, frames dropped since power-up
STATUS_FORMAT = struct.Struct("<BH")  # the same
DECISION_FORMAT = struct.Struct("<BBHI")
"""Class, `DecisionFlag`s, tick, cycles; then 2 bytes a layer: spikes into it until the decision;
then, of a core that learns, the cycles (4) until it could take another image."""


class DecisionFlag(IntEnum):
    """Bits of a decision's flags."""

    FORCED = 0
    ADDRESS = 1
    TICK = 2
    ORDER = 3
    ABORT = 4
    LABEL = 5
    UPDATED = 6


class IdentityFlag(IntEnum):
    """Bits of an identity's flags."""

    BITMAPS = 0
    """PIXELS and INPUTS are taken."""
    LEARNS = 1
    LOADED = 2
    """The weights are not in the bitstream: they must be written after power-up."""


@dataclass(frozen=True, kw_only=True)
class LayerIdentity:
    """One layer of the board's core."""

    n_in: int
    n_out: int
    lanes: int
    threshold: int
    weight_bits: int
    stored_bits: int
    slope_bits: int
    potential_bits: int
    window: int

    FORMAT: ClassVar[struct.Struct] = struct.Struct("<HHHHBBBBB")

    def to_bytes(self) -> bytes:
        """As in an identity."""
        return self.FORMAT.pack(*astuple(self))


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a board says of itself, after one byte with the sequence it expected before HELLO."""

    flags: int
    capacity: int
    """Bytes of requests that it holds (RING_OVERHEAD and payload each)."""
    max_payload: int
    """Bytes."""
    clock: int
    """Hz."""
    build: bytes
    """8 bytes of a hash of the design, without its weights."""
    network: bytes
    """SHA-256 of the network it was built for (`Network.digest`)."""
    n_inputs: int
    unit: int
    deadline: int
    layers: tuple[LayerIdentity, ...]

    FORMAT: ClassVar[struct.Struct] = struct.Struct("<BBHHI8s32sHHHB")

    def has(self, flag: IdentityFlag) -> bool:
        """Whether a flag is set."""
        return bool(self.flags >> flag & 1)

    def to_bytes(self) -> bytes:
        """The payload of HELLO's answer but its first byte."""
        head = self.FORMAT.pack(
            VERSION,
            self.flags,
            self.capacity,
            self.max_payload,
            self.clock,
            self.build,
            self.network,
            self.n_inputs,
            self.unit,
            self.deadline,
            len(self.layers),
        )
        return head + b"".join(layer.to_bytes() for layer in self.layers)

    @classmethod
    def from_bytes(cls, content: bytes) -> Identity:
        """Raises ValueError for another version or length."""
        if content[:1] != bytes([VERSION]):
            raise ValueError(
                f"the board speaks version {content[0] if content else '?'} of the protocol, "
                f"this host version {VERSION}: build the bitstream anew"
            )
        size = LayerIdentity.FORMAT.size
        if (
            len(content) < cls.FORMAT.size
            or len(content) != cls.FORMAT.size + size * content[cls.FORMAT.size - 1]
        ):
            raise ValueError(f"an identity of {len(content)} bytes")
        _, *head, _ = cls.FORMAT.unpack_from(content)
        layers = tuple(
            LayerIdentity(**_named(LayerIdentity, values))
            for values in LayerIdentity.FORMAT.iter_unpack(content[cls.FORMAT.size :])
        )
        return cls(**_named(cls, (*head, layers)))


def _named(kind: type, values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip((field.name for field in fields(kind)), values, strict=True))


class FrameError(ValueError):
    """Bytes that are no frame; the message says why, `cause` as the board would."""

    def __init__(self, cause: Cause, message: str):
        super().__init__(message)
        self.cause = cause


def encode_frame(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    """A frame as it goes over the line, its delimiter included."""
    body = bytes([kind, sequence & 0xFF]) + payload
    checked = body + binascii.crc_hqx(body, CRC_INITIAL).to_bytes(2, "big")
    return cobs.encode(checked) + DELIMITER


def decode_frame(coded: bytes) -> tuple[int, int, bytes]:
    """(type, sequence, payload) of a frame without its delimiter. Raises FrameError."""
    try:
        body = cobs.decode(coded)
    except cobs.DecodeError as error:
        raise FrameError(Cause.FRAMING, f"no COBS: {error}") from error
    if len(body) < HEADER_BYTES + 2 or binascii.crc_hqx(body, CRC_INITIAL):
        raise FrameError(Cause.CRC, f"a frame of {len(body)} bytes with a wrong checksum")
    return body[0], body[1], body[2:-2]
