# SPDX-License-Identifier: BSD-2-Clause
"""The frame formats of the link, shared by host and hardware (described in docs/link.md).

A frame is COBS-coded and ends with a zero byte. Decoded it is

    type, sequence, payload ..., CRC-16 (high byte first)

The host sends requests. The board answers each request with the request's sequence number and its
type + ANSWER. Numbers are little-endian, except the CRC. This module is plain Python; hardware,
testbenches and host import its constants.
"""

import binascii
import struct
from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, NamedTuple, Self, get_origin, get_type_hints

from cobs import cobs

from firstspike.golden.flash import IDENTITY_BYTES, Fault
from firstspike.golden.learning.rule import REGISTERS
from firstspike.golden.system.errors import FirstSpikeError

VERSION = 3
"""Version of the protocol."""

BAUD = 3_000_000
"""Bits per second, with 8 data bits, no parity and one stop bit."""

DELIMITER = b"\0"
"""Ends every frame. A delimiter before a frame is harmless, and ends a frame started by noise."""

CRC_BITS = 16
CRC_POLYNOMIAL, CRC_INITIAL = 0x1021, 0xFFFF  # CRC-16/IBM-3740, as `binascii.crc_hqx`

ANSWER = 0x80
"""Added to a request's type in its answer."""

UNLABELLED = 0xFF
"""The label of an image without a label, which is not learned."""

PROBE = 0
"""A reserved type. The board drops such a frame with `Cause.TYPE` for any sequence number, without
any other effect, and its notice contains the expected sequence number. A host can repeat the frame
until the notice arrives. HELLO is less suited, because each HELLO changes the expected number."""

BUILD_BYTES = IDENTITY_BYTES
"""Bytes of the hash that identifies a design."""

HEADER_BYTES = 2
"""Bytes of the header: type and sequence number."""

REQUEST_OVERHEAD = 4
"""Bytes of the board's capacity that a request occupies in addition to its payload."""


class Request(IntEnum):
    """Types of requests; the board answers each request.

    The types 2, 3 and 5 belong to version 2 of the protocol. A board drops them with `Cause.TYPE`.
    """

    HELLO = 1
    """No payload. Accepted with any sequence number; the next request has this number plus 1,
    modulo 256."""
    CHECKSUM = 4
    """No payload."""
    INPUTS = 6
    """Label (1), bitmap of the connected inputs: input p is bit p % 8 of byte p // 8; further bits
    are 0."""
    EVENTS = 7
    """Label (1), then tick (2) and row (2) of every spike, in order of tick."""
    SETTINGS = 8
    """`SETTINGS_FORMAT`: the registers of the learning rule."""
    STATUS = 9
    """No payload."""
    RESET = 10
    """No payload: reset the core except its weights."""
    STORE = 11
    """`STORE_FORMAT`, then the bitmap of the connected inputs: store an image for PLAY."""
    PLAY = 12
    """`PLAY_FORMAT`: process the stored images; the answer has `COUNTS_FORMAT`."""
    WRITE = 13
    """`WEIGHTS_FORMAT`, then the chunks."""
    READ = 14
    """`WEIGHTS_FORMAT`; the answer has the chunks."""


class Notice(IntEnum):
    """Types of answers other than the type of a request + ANSWER."""

    REFUSED = 0xFE
    """The request with this sequence number is well-formed but not possible; payload: `Cause`."""
    ERROR = 0xFF
    """Frames were dropped (`ERROR_FORMAT`); the sequence number is the next expected one."""


class Cause(IntEnum):
    """Reasons why the board drops a frame, or refuses a request."""

    FRAMING = 1
    """A missing stop bit, a break, or bytes that are not valid COBS."""
    CRC = 2
    """The checksum is wrong, or the frame is too short for a checksum."""
    TYPE = 3
    """The type is unknown, or this core does not support it."""
    LENGTH = 4
    """The length of the payload does not match the type."""
    SEQUENCE = 5
    """The sequence number is not the expected one, because a previous frame was lost."""
    OVERRUN = 6
    """The PacketFifo is full: the host has sent more than the board's capacity."""
    RANGE = 7
    """The request names a layer, address or image that does not exist, or a part of a word.

    Or the value for a register of the learning rule is out of range."""
    WEIGHTS = 8
    """The request needs weights, but the flash had none, and the host has not written them."""


_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def _format(sizes: Mapping[str, int]) -> struct.Struct:
    """Return the format of unsigned integers with these numbers of bytes."""
    return struct.Struct("<" + "".join(_CODES[size] for size in sizes.values()))


WEIGHTS_FORMAT = struct.Struct("<IB")
"""Layer in the lowest byte of the first field, address of the first word in the upper three; number
of chunks of 4 bytes, which are whole words."""
MAX_CHUNKS = 255
"""Maximum number of chunks of a WRITE or READ."""
SETTINGS_BYTES = {one.name: -(-one.bits // 8) for one in REGISTERS.values()}
"""Bytes of each register of the learning rule."""
SETTINGS_BYTES["margin_minimum"] = 2  # reserves space for larger values
SETTINGS_FORMAT = _format(SETTINGS_BYTES)
EVENT_FORMAT = struct.Struct("<HH")  # tick, row
CHECKSUM_FORMAT = struct.Struct("<I")  # CRC-32 (zlib's) of all words of all layers, in order
ERROR_FORMAT = struct.Struct("<BH")  # latest cause, frames dropped since power-up
STATUS_FORMAT = struct.Struct("<BH")  # as ERROR_FORMAT
DECISION_BYTES = {"class": 1, "flags": 1, "tick": 2, "cycles": 4}
"""Bytes of each field at the beginning of a decision; `flags` are the `DecisionFlag`s."""
DECISION_FORMAT = _format(DECISION_BYTES)
SPIKES_BYTES = 2
"""Bytes of the spike count of each layer, which follow: its input spikes until the decision."""
TURNAROUND_BYTES = 4
"""Bytes of the last field, for a core that learns: cycles until the core can accept an image."""
STORE_BYTES = {"image": 1, "class": 1, "tick": 2}
"""Bytes of each field in front of a stored image: its number and its expected decision."""
STORE_FORMAT = _format(STORE_BYTES)
MAX_BENCH_IMAGES = 1 << 8 * STORE_BYTES["image"]
"""Maximum number of stored images, which the width of the image number limits."""
PLAY_BYTES = {"images": 2, "rounds": 2}
"""Bytes of each field of PLAY, which processes the first `images` stored images `rounds` times."""
PLAY_FORMAT = _format(PLAY_BYTES)
COUNTS_BYTES = {"decisions": 4, "differences": 4, "cycles": 8}
"""Bytes of each field of the answer to PLAY. `differences` counts the decisions whose class or tick
differs from the stored decision. `cycles` counts from the core's first word to the last decision.
"""
COUNTS_FORMAT = _format(COUNTS_BYTES)
PLAY_CYCLES_BITS = 40
"""Bits of the counter `cycles`, which suffice for the longest PLAY at 65,000 cycles per image."""


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
    """The board accepts INPUTS."""
    LEARNS = 1
    """The core learns."""
    NEEDS_WEIGHTS = 2
    """The core has no weights yet: the host must write them before it sends an image."""
    BENCH = 3
    """The board accepts STORE and PLAY."""
    OVERLAPS = 4
    """The core accepts the next image while it decides the previous one."""
    CONVOLVES = 5
    """The core has convolutional layers, and the identity contains their geometry."""
    FAULT = 6
    """Two bits: with NEEDS_WEIGHTS, the `golden.flash.Fault` of the board's flash, minus 1."""


U8 = Annotated[int, "B"]
"""An unsigned integer of a record, with its code in `struct`."""
U16 = Annotated[int, "H"]
U32 = Annotated[int, "I"]


def _record_format(kind: type) -> struct.Struct:
    """Return the format of the fields with a code, in their order."""
    hints = get_type_hints(kind, include_extras=True).values()
    codes = (hint.__metadata__[0] for hint in hints if get_origin(hint) is Annotated)
    return struct.Struct("<" + "".join(codes))


def highest(kind: type, field: str) -> int:
    """Return the largest number that fits a field of a record."""
    code = get_type_hints(kind, include_extras=True)[field].__metadata__[0]
    return (1 << 8 * struct.calcsize(code)) - 1


class LayerIdentity(NamedTuple):
    """The parameters of a layer of the board's core."""

    n_in: U16
    n_out: U16
    lanes: U16
    threshold: U16
    weight_bits: U8
    stored_bits: U8
    slope_bits: U8
    potential_bits: U8
    window: U8
    rows: U8


class GeometryIdentity(NamedTuple):
    """The `Geometry` of a convolutional layer; all fields are 0 for a dense layer."""

    rows: U16
    columns: U16
    kernel_down: U8
    kernel_across: U8
    stride_down: U8
    stride_across: U8
    padding_down: U8
    padding_across: U8


class Identity(NamedTuple):
    """A board's answer to HELLO, after the byte with the previously expected sequence number."""

    flags: U8
    """Bits of `IdentityFlag`."""
    capacity: U16
    """Bytes of requests that the board buffers (REQUEST_OVERHEAD and payload for each)."""
    max_payload: U16
    """Maximum size of a payload in bytes."""
    clock: U32
    """Frequency of the clock in Hz."""
    build: Annotated[bytes, f"{BUILD_BYTES}s"]
    """First bytes of a hash of the design without its weights."""
    network: Annotated[bytes, "32s"]
    """SHA-256 of the network for which the design was built (`Network.digest`)."""
    n_inputs: U16
    unit: U16
    deadline: U16
    layers: tuple[LayerIdentity, ...]
    bench_images: int = 0
    """Number of images that the Player stores; only sent with the flag BENCH."""
    geometry: tuple[GeometryIdentity, ...] = ()
    """An entry per layer; only sent with the flag CONVOLVES."""
    mask: bytes = b""
    """Bitmap of all inputs, whose connected ones are 1; only sent with the flag BITMAPS, and empty
    if all inputs are connected."""

    def has(self, flag: IdentityFlag) -> bool:
        """Return whether a flag is set."""
        return bool(self.flags >> flag & 1)

    def to_bytes(self) -> bytes:
        """Return the payload of HELLO's answer without its first byte: version, fields, layers."""
        *fields, layers, bench_images, geometry, mask = self
        content = bytes([VERSION]) + IDENTITY_FORMAT.pack(*fields) + bytes([len(layers)])
        content += b"".join(LAYER_FORMAT.pack(*layer) for layer in layers)
        content += BENCH_FORMAT.pack(bench_images) * self.has(IdentityFlag.BENCH)
        return content + b"".join(GEOMETRY_FORMAT.pack(*one) for one in geometry) + mask

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Return the identity of a payload; the inverse of `to_bytes`.

        Raises ValueError for another version or length, and for values that no board has.
        """
        if content[:1] != bytes([VERSION]):
            raise ValueError(
                f"the board speaks version {content[0] if content else '?'} of the protocol, "
                f"this host version {VERSION}: build the bitstream anew"
            )
        try:
            identity = cls._unpacked(content)
        except struct.error:
            identity = None
        if (
            identity is None
            or len(identity.mask) != identity.mask_bytes
            or identity.to_bytes() != content
        ):
            raise ValueError(f"an identity of {len(content)} bytes")
        if wrong := identity.wrong:
            raise ValueError(f"an identity whose {wrong}")
        return identity

    @classmethod
    def _unpacked(cls, content: bytes) -> Self:
        """Unpack an identity whose length has not been checked. Raises struct.error."""
        position = 1

        def unpack(form: struct.Struct) -> tuple:
            nonlocal position
            fields = form.unpack_from(content, position)
            position += form.size
            return fields

        *fields, count = (*unpack(IDENTITY_FORMAT), *unpack(_COUNT_FORMAT))
        layers = tuple(LayerIdentity._make(unpack(LAYER_FORMAT)) for _ in range(count))
        head = cls._make([*fields, layers, 0, (), b""])
        (bench_images,) = unpack(BENCH_FORMAT) if head.has(IdentityFlag.BENCH) else (0,)
        convolving = layers if head.has(IdentityFlag.CONVOLVES) else ()
        geometry = tuple(GeometryIdentity._make(unpack(GEOMETRY_FORMAT)) for _ in convolving)
        end = position + head.mask_bytes
        return head._replace(
            bench_images=bench_images, geometry=geometry, mask=content[position:end]
        )

    @property
    def mask_bytes(self) -> int:
        """The number of bytes of `mask` that a board with these inputs sends."""
        connected = self.layers[0].n_in if self.layers else self.n_inputs
        masked = self.has(IdentityFlag.BITMAPS) and connected < self.n_inputs
        return -(-self.n_inputs // 8) if masked else 0

    @property
    def fault(self) -> Fault | None:
        """The fault of the flash if the board has no weights; None if it has weights.

        The value is meaningless for a board that reads no flash.
        """
        return (
            Fault(1 + (self.flags >> IdentityFlag.FAULT))
            if self.has(IdentityFlag.NEEDS_WEIGHTS)
            else None
        )

    @property
    def wrong(self) -> str | None:
        """A message on the first number that no board can have; None if the numbers are valid."""
        least = {
            "layers": (len(self.layers), 1),
            "capacity": (self.capacity, REQUEST_OVERHEAD + self.max_payload),
            "max_payload": (self.max_payload, HEADER_BYTES),
            "clock": (self.clock, 1),
            "unit": (self.unit, 1),
            "deadline": (self.deadline, self.unit),
            "n_inputs": (self.n_inputs, max((one.n_in for one in self.layers[:1]), default=1)),
            "n_in": (min((one.n_in for one in self.layers), default=1), 1),
        }
        for name, (number, lowest) in least.items():
            if number < lowest:
                return f"{name} is {number}, and not {lowest} or more"
        connected = int.from_bytes(self.mask, "little").bit_count()
        if self.mask and connected != self.layers[0].n_in:
            return f"mask has {connected} inputs, and not {self.layers[0].n_in}"
        return None


IDENTITY_FORMAT, LAYER_FORMAT = _record_format(Identity), _record_format(LayerIdentity)
GEOMETRY_FORMAT = _record_format(GeometryIdentity)
BENCH_FORMAT = struct.Struct("<H")  # number of images that the Player stores
_COUNT_FORMAT = struct.Struct("<B")  # number of layers


def identity_bytes(
    layers: int, plays: bool = False, convolves: bool = False, mask_bytes: int = 0
) -> int:
    """Return the number of bytes of an identity.

    `plays` is whether the design stores images to play, `convolves` whether any layer convolves,
    `mask_bytes` the size of the mask of the connected inputs.
    """
    of_layer = LAYER_FORMAT.size + GEOMETRY_FORMAT.size * convolves
    fixed = 1 + IDENTITY_FORMAT.size + _COUNT_FORMAT.size
    return fixed + layers * of_layer + BENCH_FORMAT.size * plays + mask_bytes


class FrameError(FirstSpikeError, ValueError):
    """The bytes are not a valid frame; `cause` is the cause that a board would report."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def encode_frame(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    """Return the bytes of a frame, including its delimiter."""
    body = bytes([kind, sequence & 0xFF]) + payload
    checked = body + binascii.crc_hqx(body, CRC_INITIAL).to_bytes(2, "big")
    return cobs.encode(checked) + DELIMITER


def decode_frame(coded: bytes) -> tuple[int, int, bytes]:
    """Return (type, sequence, payload) of a frame without its delimiter. Raises FrameError."""
    try:
        body = cobs.decode(coded)
    except cobs.DecodeError as error:
        raise FrameError(Cause.FRAMING, f"no COBS: {error}") from error
    if len(body) < HEADER_BYTES + 2 or binascii.crc_hqx(body, CRC_INITIAL):
        raise FrameError(Cause.CRC, f"a frame of {len(body)} bytes with a wrong checksum")
    return body[0], body[1], body[2:-2]
