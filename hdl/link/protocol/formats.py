# SPDX-License-Identifier: BSD-2-Clause
"""The bytes of the link: what host and hardware both know (docs/link.md says the same in words).

A frame is COBS-coded and ends with a zero byte. Decoded it is

    type, sequence, payload ..., CRC-16 (high byte first)

Requests go to the board, answers come back with the request's sequence and its type + ANSWER.
All numbers are little-endian but the CRC. This module is plain Python: the hardware takes its
constants from here, and so do the benches and the host.
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

VERSION = 2
"""Version of the protocol."""

BAUD = 3_000_000
"""Bits per second, with 8 data bits, no parity and one stop bit."""

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

BUILD_BYTES = IDENTITY_BYTES
"""Bytes of the hash by which a design is known."""

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
    STORE = 11
    """`STORE_FORMAT`, then the bitmap of the connected inputs: an image to be played."""
    PLAY = 12
    """`PLAY_FORMAT`: put the stored images through the core; answered by `COUNTS_FORMAT`."""


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
    """A request names a layer, address or image that is not there, or a part of a word.

    Or a register of the learning rule must not hold its value."""
    WEIGHTS = 8
    """An image is to be decided, but the flash had no weights, and none were written since."""


_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def _format(sizes: Mapping[str, int]) -> struct.Struct:
    """Return the format of unsigned integers with these numbers of bytes."""
    return struct.Struct("<" + "".join(_CODES[size] for size in sizes.values()))


ADDRESS_FORMAT = struct.Struct("<I")  # layer in the lowest byte, address in the upper three
SETTINGS_BYTES = {one.name: -(-one.bits // 8) for one in REGISTERS.values()}
"""How many each register of the learning rule takes."""
SETTINGS_BYTES["margin_minimum"] = 2  # there is room for longer ones
SETTINGS_FORMAT = _format(SETTINGS_BYTES)
EVENT_FORMAT = struct.Struct("<HH")  # tick, row
CHECKSUM_FORMAT = struct.Struct("<I")  # CRC-32 (zlib's) of all words of all layers, in order
CHECKSUM_CYCLES = 45
"""For every 4 bytes of all words a board takes at most so many clock cycles until it answers."""
ERROR_FORMAT = struct.Struct("<BH")  # cause of the latest, frames dropped since power-up
STATUS_FORMAT = struct.Struct("<BH")  # the same
DECISION_BYTES = {"class": 1, "flags": 1, "tick": 2, "cycles": 4}
"""Bytes of each field at the beginning of a decision; `flags` are the `DecisionFlag`s."""
DECISION_FORMAT = _format(DECISION_BYTES)
SPIKES_BYTES = 2
"""Then come, for each layer, the spikes into it until the decision."""
TURNAROUND_BYTES = 4
"""Then, of a core that learns, the cycles until it could take another image."""
STORE_BYTES = {"image": 1, "class": 1, "tick": 2}
"""Bytes of each field in front of a stored image: its number and the decision it should get."""
STORE_FORMAT = _format(STORE_BYTES)
MAX_BENCH_IMAGES = 1 << 8 * STORE_BYTES["image"]
"""More could not be numbered."""
PLAY_BYTES = {"images": 2, "rounds": 2}
"""Bytes of each field of PLAY: it plays the first `images` stored ones `rounds` times."""
PLAY_FORMAT = _format(PLAY_BYTES)
COUNTS_BYTES = {"decisions": 4, "differences": 4, "cycles": 8}
"""Bytes of each field of the answer to PLAY. `differences` counts decisions of another class or
tick than was stored. `cycles` go from the core's first word to the last decision."""
COUNTS_FORMAT = _format(COUNTS_BYTES)
PLAY_CYCLES_BITS = 40
"""Bits of the counter of these cycles: the longest play has room, with 65,000 cycles per image."""


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
    """There are no weights yet: they must be written before an image is decided."""
    BENCH = 3
    """STORE and PLAY are taken."""
    OVERLAPS = 4
    """The core takes the next image in while the one before is being decided."""
    CONVOLVES = 5
    """Layers of the core convolve; their geometry is told."""
    FAULT = 6
    """Two bits. With LOADED they are the `golden.flash.Fault` of the board's flash, less 1."""


U8 = Annotated[int, "B"]
"""An unsigned integer on the line, and its code in `struct`."""
U16 = Annotated[int, "H"]
U32 = Annotated[int, "I"]


def _record_format(kind: type) -> struct.Struct:
    """Return the format of the fields that have a code, one after the other."""
    hints = get_type_hints(kind, include_extras=True).values()
    codes = (hint.__metadata__[0] for hint in hints if get_origin(hint) is Annotated)
    return struct.Struct("<" + "".join(codes))


def highest(kind: type, field: str) -> int:
    """Return the largest number that a field of a record holds."""
    code = get_type_hints(kind, include_extras=True)[field].__metadata__[0]
    return (1 << 8 * struct.calcsize(code)) - 1


class LayerIdentity(NamedTuple):
    """One layer of the board's core."""

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
    """How a layer convolves, as `Geometry` has it; all are 0 for a dense layer."""

    rows: U16
    columns: U16
    kernel_down: U8
    kernel_across: U8
    stride_down: U8
    stride_across: U8
    padding_down: U8
    padding_across: U8


class Identity(NamedTuple):
    """A board's answer to HELLO, behind one byte with the sequence it expected before."""

    flags: U8
    capacity: U16
    """Bytes of requests that it holds (RING_OVERHEAD and payload each)."""
    max_payload: U16
    """Bytes."""
    clock: U32
    """Hz."""
    build: Annotated[bytes, f"{BUILD_BYTES}s"]
    """First bytes of a hash of the design without its weights."""
    network: Annotated[bytes, "32s"]
    """SHA-256 of the network it was built for (`Network.digest`)."""
    n_inputs: U16
    unit: U16
    deadline: U16
    layers: tuple[LayerIdentity, ...]
    bench_images: int = 0
    """How many images it holds to play; said only with the flag BENCH."""
    geometry: tuple[GeometryIdentity, ...] = ()
    """An entry per layer; said only with the flag CONVOLVES."""

    def has(self, flag: IdentityFlag) -> bool:
        """Whether a flag is set."""
        return bool(self.flags >> flag & 1)

    def to_bytes(self) -> bytes:
        """The payload of HELLO's answer but its first byte: version, fields, layers."""
        *said, layers, bench_images, geometry = self
        content = bytes([VERSION]) + IDENTITY_FORMAT.pack(*said) + bytes([len(layers)])
        content += b"".join(LAYER_FORMAT.pack(*layer) for layer in layers)
        content += BENCH_FORMAT.pack(bench_images) * self.has(IdentityFlag.BENCH)
        return content + b"".join(GEOMETRY_FORMAT.pack(*one) for one in geometry)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Raises ValueError for another version or length, and for what no board can say."""
        if content[:1] != bytes([VERSION]):
            raise ValueError(
                f"the board speaks version {content[0] if content else '?'} of the protocol, "
                f"this host version {VERSION}: build the bitstream anew"
            )
        begin = identity_bytes(0)
        flags = content[1] if len(content) > 1 else 0
        plays, convolves = (
            bool(flags >> flag & 1) for flag in (IdentityFlag.BENCH, IdentityFlag.CONVOLVES)
        )
        if len(content) < begin or len(content) != identity_bytes(
            content[begin - 1], plays, convolves
        ):
            raise ValueError(f"an identity of {len(content)} bytes")
        end, told = (identity_bytes(content[begin - 1], bench) for bench in (False, plays))
        layers = map(LayerIdentity._make, LAYER_FORMAT.iter_unpack(content[begin:end]))
        (bench_images,) = BENCH_FORMAT.unpack(content[end:told]) if plays else (0,)
        geometry = map(GeometryIdentity._make, GEOMETRY_FORMAT.iter_unpack(content[told:]))
        said = IDENTITY_FORMAT.unpack(content[1 : begin - 1])
        identity = cls._make([*said, tuple(layers), bench_images, tuple(geometry)])
        if wrong := identity.wrong:
            raise ValueError(f"an identity whose {wrong}")
        return identity

    @property
    def fault(self) -> Fault | None:
        """Why a board that reads its flash has no weights; None if it has them.

        Of a board that reads none it means nothing.
        """
        return (
            Fault(1 + (self.flags >> IdentityFlag.FAULT)) if self.has(IdentityFlag.LOADED) else None
        )

    @property
    def wrong(self) -> str | None:
        """Which of its numbers no board has, and how much that is; None if all can be."""
        least = {
            "layers": (len(self.layers), 1),
            "capacity": (self.capacity, RING_OVERHEAD + self.max_payload),
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
        return None


IDENTITY_FORMAT, LAYER_FORMAT = _record_format(Identity), _record_format(LayerIdentity)
GEOMETRY_FORMAT = _record_format(GeometryIdentity)
BENCH_FORMAT = struct.Struct("<H")  # how many images it holds to play


def identity_bytes(layers: int, plays: bool = False, convolves: bool = False) -> int:
    """Return the bytes of an identity.

    With `plays` the design holds images to play, and with `convolves` layers convolve.
    """
    of_layer = LAYER_FORMAT.size + GEOMETRY_FORMAT.size * convolves
    return 1 + IDENTITY_FORMAT.size + 1 + layers * of_layer + BENCH_FORMAT.size * plays


class FrameError(FirstSpikeError, ValueError):
    """Bytes that are no frame; the message says why, `cause` as the board would."""

    def __init__(self, cause: Cause, message: str) -> None:
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
