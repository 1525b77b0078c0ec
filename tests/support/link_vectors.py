# SPDX-License-Identifier: BSD-2-Clause
"""Test vectors of the link: what a host sends, and what a board answers, byte by byte.

Small boards, from power-up on: one plays images, one learns, and one has a flash. `protocol`
makes the requests, the model gives the answers, and the RTL must give the same. The file is made by

    python -m tests.support.link_vectors >docs/link_vectors.csv
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from firstspike.golden import Settings
from firstspike.golden.learning.rule import REGISTERS
from firstspike.hdl.link.protocol.formats import (
    COUNTS_FORMAT,
    DECISION_FORMAT,
    EVENT_FORMAT,
    PLAY_FORMAT,
    PROBE,
    SETTINGS_BYTES,
    SETTINGS_FORMAT,
    STORE_FORMAT,
    TURNAROUND_BYTES,
    UNLABELLED,
    Request,
    decode_frame,
    encode_frame,
)
from firstspike.hdl.link.protocol.messages import play_payload, settings_payload, weights_header
from firstspike.sim.benches.link.script import Script
from firstspike.sim.harness.networks import EXAMPLE
from tests.support.board_model import BoardModel
from tests.support.flash_model import FLASH_ADDRESS, link_verilog


@dataclass(frozen=True)
class Vector:
    """A frame, of a good request or not, and what comes of it."""

    what: str
    kind: int
    payload: bytes = b""
    ahead: int = 0
    """By how much its sequence is not the one that is expected."""
    damage: bytes | None = None
    """The frame instead of it."""
    counted: tuple[int, ...] = ()
    """The cycles of EVENTS and PLAY as the RTL has counted them: the model knows neither the link's
    pace nor the gaps between images. They end at the decision, or, where a board learns, at the
    next image.
    """

    def answer(self, frame: bytes) -> bytes:
        """Return a `frame` of the model with the cycles that the RTL counted."""
        if not self.counted:
            return frame
        kind, sequence, payload = decode_frame(frame[:-1])
        cycles, *turnaround = self.counted
        if self.kind == Request.PLAY:
            decisions, differences, _ = COUNTS_FORMAT.unpack(payload)
            payload = COUNTS_FORMAT.pack(decisions, differences, cycles)
        else:
            decision, flags, tick, _ = DECISION_FORMAT.unpack_from(payload)
            rest = payload[DECISION_FORMAT.size :]
            for one in turnaround:
                rest = rest[:-TURNAROUND_BYTES] + one.to_bytes(TURNAROUND_BYTES, "little")
            payload = DECISION_FORMAT.pack(decision, flags, tick, cycles) + rest
        return encode_frame(kind, sequence, payload)


@dataclass(frozen=True)
class VectorBoard:
    """A board, by the parameters of its model, and the requests to it."""

    name: str
    vectors: Sequence[Vector]
    parameters: dict[str, Any] = field(default_factory=dict)
    flash_address: int | None = None
    """Address of the weights in the flash; None for a board without a flash."""

    def model(self) -> BoardModel:
        """Return a board after power-up, before its weights are written."""
        return BoardModel(EXAMPLE, loaded=True, capacity=1023, **self.parameters)

    def frames(self) -> Iterator[tuple[Vector, bytes, bytes]]:
        """Every vector with the frame to the board, and that from it, by the model."""
        model = self.model()
        for one in self.vectors:
            sent = one.damage or encode_frame(one.kind, model.expected + one.ahead, one.payload)
            model.receive(sent)
            while model.busy:
                model.work()
            yield one, sent, one.answer(bytes(model.sent))
            model.sent.clear()

    def verilog(self) -> str:
        """Return the Verilog of a LinkedCore with the parameters of this board."""
        model = self.model()
        identity = model.identity
        return link_verilog(
            model.config,
            EXAMPLE,
            build=identity.build,
            ring_bytes=identity.capacity + 1,
            clock_hz=identity.clock,
            bench_images=identity.bench_images,
            flash_address=self.flash_address,
        )

    def script(self) -> Script:
        """Sends frame after frame, each when the one before is answered."""
        script = Script()
        for number, (_, sent, _) in enumerate(self.frames()):
            script.send(sent).answers(number + 1)
        return script


def _events(label: int, *spikes: tuple[int, int]) -> bytes:
    return bytes([label]) + b"".join(EVENT_FORMAT.pack(*one) for one in spikes)


def _weights(**parameters: Any) -> list[Vector]:
    """Return the vectors that write all weights."""
    model = BoardModel(EXAMPLE, **parameters)
    return [
        Vector(
            f"WRITE: all words of layer {layer}",
            Request.WRITE,
            weights_header(layer, 0, model.content(layer).size // 4)
            + model.content(layer).tobytes(),
        )
        for layer in range(len(model.words))
    ]


def _settings(**values: int) -> bytes:
    """Return the payload of SETTINGS with the values of power-up, apart from these."""
    return SETTINGS_FORMAT.pack(*(Settings().registers() | values).values())


def _out_of_range() -> Iterator[Vector]:
    """Yield SETTINGS that are wrong in one register, by little and by much."""
    for one in REGISTERS.values():
        most = (1 << 8 * SETTINGS_BYTES[one.name]) - 1
        # The last of them would be right in so many bits.
        wrong = {one.lowest - 1, one.highest + 1, most, most & ~one.highest | 2}
        for value in sorted(wrong & {*range(most + 1)} - {*range(one.lowest, one.highest + 1)}):
            what = f"SETTINGS, `{one.name}` {value}"
            yield Vector(what, Request.SETTINGS, _settings(**{one.name: value}))


_STATUS = encode_frame(Request.STATUS, 0)
_NONE = UNLABELLED
_GOOD = _events(_NONE, (2, 3), (5, 0), (9, 1))

PLAYING = VectorBoard(
    "holds 2 images to play, and does not learn; 2 lanes, words of 4 bytes",
    (
        Vector("HELLO", Request.HELLO),
        *_weights(lanes=2),
        Vector("CHECKSUM", Request.CHECKSUM),
        Vector("WRITE without words", Request.WRITE, weights_header(0, 0, 0)),
        Vector("WRITE of a chunk that is missing", Request.WRITE, weights_header(0, 0, 1)),
        Vector("WRITE behind the last word", Request.WRITE, weights_header(0, 8, 1) + bytes(4)),
        Vector("WRITE to layer 2", Request.WRITE, weights_header(2, 0, 1) + bytes(4)),
        Vector("READ of 2 words", Request.READ, weights_header(0, 6, 2)),
        Vector("READ of 0 words", Request.READ, weights_header(0, 0, 0)),
        Vector("READ of a word too much", Request.READ, weights_header(0, 6, 3)),
        Vector("INPUTS 0, 1 and 3, with a label", Request.INPUTS, bytes([1, 0b1011])),
        Vector("the same, with one that is no class", Request.INPUTS, bytes([2, 0b1011])),
        Vector("EVENTS without one", Request.EVENTS, _events(_NONE), counted=(22,)),
        Vector("EVENTS of rows 3, 0 and 1", Request.EVENTS, _GOOD, counted=(61,)),
        Vector(
            "row 3 twice",
            Request.EVENTS,
            _events(_NONE, (2, 3), (5, 0), (5, 3), (9, 1)),
            counted=(61,),
        ),
        Vector(
            "row 4, which there is not",
            Request.EVENTS,
            _events(_NONE, (2, 3), (5, 4), (9, 1)),
            counted=(54,),
        ),
        Vector(
            "ticks 0 and 25, which there are not",
            Request.EVENTS,
            _events(_NONE, (0, 3), (5, 0), (25, 1)),
            counted=(70,),
        ),
        Vector(
            "ticks out of order",
            Request.EVENTS,
            _events(_NONE, (5, 0), (2, 3), (9, 1)),
            counted=(70,),
        ),
        Vector("STORE image 0", Request.STORE, STORE_FORMAT.pack(0, 0, 9) + b"\x0b"),
        Vector("STORE image 1", Request.STORE, STORE_FORMAT.pack(1, 1, 9) + b"\x06"),
        Vector("STORE image 2", Request.STORE, STORE_FORMAT.pack(2, 0, 9) + b"\x06"),
        Vector("PLAY 2 images, 3 times", Request.PLAY, play_payload(2, 3), counted=(282,)),
        Vector("PLAY 3 images", Request.PLAY, play_payload(3, 1)),
        Vector("PLAY them 0 times", Request.PLAY, play_payload(2, 0)),
        Vector("PLAY 0 images", Request.PLAY, play_payload(0, 1)),
        Vector("PLAY 257 images", Request.PLAY, PLAY_FORMAT.pack(257, 1)),
        Vector("PLAY with a byte too much", Request.PLAY, play_payload(2, 1) + b"\0"),
        Vector("STORE without the image", Request.STORE, STORE_FORMAT.pack(0, 0, 9)),
        Vector("SETTINGS, which it does not have", Request.SETTINGS, _settings()),
        Vector("a probe", PROBE),
        Vector("WRITE of version 2 of the protocol", 2, bytes(8)),
        Vector("STATUS, a sequence too late", Request.STATUS, ahead=1),
        Vector("a wrong checksum", PROBE, damage=_STATUS[:-2] + b"\1\0"),
        Vector("no COBS: 9 bytes are said, 3 come", PROBE, damage=b"\x0a\1\2\3\0"),
        Vector("EVENTS without a label", Request.EVENTS),
        Vector("RESET", Request.RESET),
        Vector("STATUS", Request.STATUS),
    ),
    {"lanes": 2, "bench_images": 2},
)

_LEARNS = {"lanes": 3, "stored_bits": 12}

LEARNING = VectorBoard(
    "learns; 3 lanes, 12 bits stored, words of 8 bytes",
    (
        Vector("HELLO", Request.HELLO),
        *_weights(**_LEARNS),
        Vector("WRITE of half a word", Request.WRITE, weights_header(0, 0, 1) + bytes(4)),
        Vector("SETTINGS", Request.SETTINGS, settings_payload(Settings(step=3), seed=7)),
        *_out_of_range(),
        Vector("INPUTS 0, 1 and 3, to be learned as 1", Request.INPUTS, bytes([1, 0b1011])),
        Vector("the same as 2, which is no class", Request.INPUTS, bytes([2, 0b1011])),
        Vector(
            "EVENTS to be learned as 0",
            Request.EVENTS,
            _events(0, (2, 3), (5, 0), (9, 1)),
            counted=(31, 67),
        ),
        Vector(
            "the same with row 3 twice",
            Request.EVENTS,
            _events(0, (2, 3), (2, 3), (5, 0), (9, 1)),
            counted=(39, 53),
        ),
        Vector("INPUTS, not to be learned", Request.INPUTS, bytes([_NONE, 0b1011])),
        Vector("CHECKSUM", Request.CHECKSUM),
        Vector("RESET", Request.RESET),
        Vector("INPUTS 0, 1 and 3, to be learned as 1", Request.INPUTS, bytes([1, 0b1011])),
        Vector("CHECKSUM", Request.CHECKSUM),
        Vector("PLAY, which it does not have", Request.PLAY, play_payload(2, 1)),
    ),
    _LEARNS,
)

FLASHED = VectorBoard(
    "reads its weights from a flash, which is empty; 2 lanes, words of 4 bytes",
    (
        Vector("HELLO", Request.HELLO),
        Vector("INPUTS 0, 1 and 3", Request.INPUTS, bytes([_NONE, 0b1011])),
        Vector("EVENTS without one", Request.EVENTS, _events(_NONE)),
        *_weights(lanes=2)[:1],
        Vector("INPUTS 0, 1 and 3", Request.INPUTS, bytes([_NONE, 0b1011])),
        *_weights(lanes=2)[1:],
        Vector("HELLO", Request.HELLO, ahead=1),
        Vector("INPUTS 0, 1 and 3", Request.INPUTS, bytes([_NONE, 0b1011])),
        Vector("RESET", Request.RESET),
        Vector("INPUTS 0, 1 and 3", Request.INPUTS, bytes([_NONE, 0b1011])),
    ),
    {"lanes": 2, "flashed": True},
    flash_address=FLASH_ADDRESS,
)

BOARDS = (PLAYING, LEARNING, FLASHED)


def table() -> str:
    """The vectors as `docs/link_vectors.csv` has them."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("board", "what", "sent", "answered"))
    for board in BOARDS:
        for one, sent, answer in board.frames():
            rows.writerow(
                (re.split("[,;]", board.name)[0], one.what, sent.hex(" "), answer.hex(" "))
            )
    return text.getvalue()


if __name__ == "__main__":
    print(table(), end="")
