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
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any

from cobs import cobs

from firstspike.golden.learning.rule import REGISTERS

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

BUILD_BYTES = 8
"""Of the hash by which a design is known."""

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


_CODES = {1: "B", 2: "H", 4: "I"}


def _format(sizes: Mapping[str, int]) -> struct.Struct:
    """Of fields that are unsigned integers of so many bytes."""
    return struct.Struct("<" + "".join(_CODES[size] for size in sizes.values()))


ADDRESS_FORMAT = struct.Struct("<I")  # layer in the lowest byte, address in the upper three
SETTINGS_BYTES = {one.name: -(-one.bits // 8) for one in REGISTERS.values()}
"""How many each register of the learning rule takes."""
SETTINGS_BYTES["margin_minimum"] = 2  # there is room for longer ones
SETTINGS_FORMAT = _format(SETTINGS_BYTES)
EVENT_FORMAT = struct.Struct("<HH")  # tick, row
CHECKSUM_FORMAT = struct.Struct("<I")  # CRC-32 (zlib's) of all words of all layers, in order
ERROR_FORMAT = struct.Struct("<BH")  # cause of the latest, frames dropped since power-up
STATUS_FORMAT = struct.Struct("<BH")  # the same
DECISION_BYTES = {"class": 1, "flags": 1, "tick": 2, "cycles": 4}
"""What a decision begins with; `flags` are the `DecisionFlag`s."""
DECISION_FORMAT = _format(DECISION_BYTES)
SPIKES_BYTES = 2
"""Then come, for each layer, the spikes into it until the decision."""
TURNAROUND_BYTES = 4
"""Then, of a core that learns, the cycles until it could take another image."""


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


def _sent(code: str) -> Any:
    """A field of a record that goes over the line, in what stands for it in `struct`."""
    return field(metadata={"code": code})


@dataclass(frozen=True)
class _Record:
    """A dataclass of which some fields are `_sent`, one after the other."""

    @classmethod
    def _codes(cls) -> dict[str, str]:
        sent = (one for one in fields(cls) if "code" in one.metadata)
        return {one.name: one.metadata["code"] for one in sent}

    @classmethod
    def _format(cls) -> struct.Struct:
        return struct.Struct("<" + "".join(cls._codes().values()))

    @classmethod
    def size(cls) -> int:
        """Bytes of the fields that are sent."""
        return cls._format().size

    def to_bytes(self) -> bytes:
        """The fields that are sent."""
        return self._format().pack(*(getattr(self, name) for name in self._codes()))

    @classmethod
    def fields_of(cls, content: bytes) -> dict[str, Any]:
        """The fields that are sent, by name."""
        return dict(zip(cls._codes(), cls._format().unpack(content), strict=True))


@dataclass(frozen=True, kw_only=True)
class LayerIdentity(_Record):
    """One layer of the board's core."""

    n_in: int = _sent("H")
    n_out: int = _sent("H")
    lanes: int = _sent("H")
    threshold: int = _sent("H")
    weight_bits: int = _sent("B")
    stored_bits: int = _sent("B")
    slope_bits: int = _sent("B")
    potential_bits: int = _sent("B")
    window: int = _sent("B")


@dataclass(frozen=True, kw_only=True)
class Identity(_Record):
    """What a board says of itself, after one byte with the sequence it expected before HELLO."""

    flags: int = _sent("B")
    capacity: int = _sent("H")
    """Bytes of requests that it holds (RING_OVERHEAD and payload each)."""
    max_payload: int = _sent("H")
    """Bytes."""
    clock: int = _sent("I")
    """Hz."""
    build: bytes = _sent(f"{BUILD_BYTES}s")
    """Of a hash of the design, without its weights."""
    network: bytes = _sent("32s")
    """SHA-256 of the network it was built for (`Network.digest`)."""
    n_inputs: int = _sent("H")
    unit: int = _sent("H")
    deadline: int = _sent("H")
    layers: tuple[LayerIdentity, ...]

    def has(self, flag: IdentityFlag) -> bool:
        """Whether a flag is set."""
        return bool(self.flags >> flag & 1)

    def to_bytes(self) -> bytes:
        """The payload of HELLO's answer but its first byte: version, fields, layers."""
        layers = bytes([len(self.layers)]) + b"".join(map(LayerIdentity.to_bytes, self.layers))
        return bytes([VERSION]) + super().to_bytes() + layers

    @classmethod
    def from_bytes(cls, content: bytes) -> Identity:
        """Raises ValueError for another version or length."""
        if content[:1] != bytes([VERSION]):
            raise ValueError(
                f"the board speaks version {content[0] if content else '?'} of the protocol, "
                f"this host version {VERSION}: build the bitstream anew"
            )
        begin, step = identity_bytes(0), LayerIdentity.size()
        if len(content) < begin or len(content) != identity_bytes(content[begin - 1]):
            raise ValueError(f"an identity of {len(content)} bytes")
        layers = tuple(
            LayerIdentity(**LayerIdentity.fields_of(content[place : place + step]))
            for place in range(begin, len(content), step)
        )
        return cls(**cls.fields_of(content[1 : begin - 1]), layers=layers)


def identity_bytes(layers: int) -> int:
    """Of an identity with so many layers."""
    return 1 + Identity.size() + 1 + layers * LayerIdentity.size()


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
