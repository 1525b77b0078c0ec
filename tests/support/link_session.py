# SPDX-License-Identifier: BSD-2-Clause
"""A short session with a small board: each request, one by one, against the model of a board."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from firstspike.golden import Network, events
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.words import WEIGHT_ADDRESS_BITS
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    BUILD_BYTES,
    DECISION_FORMAT,
    EVENT_FORMAT,
    UNLABELLED,
    Request,
    decode_frame,
    encode_frame,
)
from firstspike.hdl.link.protocol.messages import (
    WORD_BYTES,
    bitmap_payload,
    weight_parts,
    weights_header,
    word_bytes,
)
from firstspike.sim.benches.link.fuzz import CLOCK, CLOCKS_A_BIT, LANES, RING_BYTES, small_network
from firstspike.sim.benches.link.link_model import BROKEN
from firstspike.sim.benches.link.script import (
    Script,
    linked_core_verilog,
    run_script,
    serial_core_verilog,
)
from firstspike.sim.harness.runner import SimulationError
from tests.support.board_model import BoardModel

IMAGES = 5

FIRST = 200
"""Sequence number of the first request."""


def session(bits: bool = False) -> None:
    """Hold a session with a LinkedCore, byte by byte or bit by bit, against a BoardModel.

    Raises SimulationError at the first answer that differs.
    """
    network = small_network()
    other = replace(network, weights=tuple(weights[::-1] for weights in network.weights))
    model = BoardModel(network, lanes=LANES, capacity=RING_BYTES - 1, build=bytes(BUILD_BYTES))
    requests = [
        (Request.HELLO, b""),
        (Request.HELLO, b""),
        *_weights(model, Request.READ),
        *_images(network),
        *_weights(BoardModel(other, lanes=LANES), Request.WRITE),
        *_refused(model.config),
        *_images(network),
        *(_events(spikes) for spikes in BAD_EVENTS),
        (Request.RESET, b""),
        (Request.STATUS, b""),
    ]
    script, expected = Script(), []
    for number, request in enumerate(requests):
        frame = encode_frame(request[0], (FIRST + number) % 256, request[1])
        script.send(frame).answers(number + 1)
        expected.append(_answer(model, frame))
    # A byte without a stop bit, within a frame that is otherwise good.
    frame = encode_frame(Request.STATUS, (FIRST + len(requests)) % 256)
    script.broken(b"\1").send(frame).answers(len(requests) + 1)
    expected.append(_answer(model, [1 | BROKEN, *frame]))
    make = serial_core_verilog if bits else linked_core_verilog
    verilog = make(
        model.config, network, weights=network.weights, clock_hz=CLOCK, ring_bytes=RING_BYTES
    )
    outcome = run_script(verilog, script, bits=CLOCKS_A_BIT if bits else None, pauses=not bits)
    for number, (one, right) in enumerate(zip(outcome.answers, expected, strict=True)):
        found = _without_pace(one.kind, one.sequence, one.payload)
        if found != right:
            raise SimulationError(f"request {number} is answered by {found}, expected {right}")


def _answer(model: BoardModel, frame: Iterable[int]) -> tuple[int, int, bytes]:
    """Return type, sequence number and payload of the answer of the model."""
    model.receive(frame)
    while model.busy:
        model.work()
    answer, _ = bytes(model.sent).split(b"\0")
    model.sent.clear()
    return _without_pace(*decode_frame(answer))


def _without_pace(kind: int, sequence: int, payload: bytes) -> tuple[int, int, bytes]:
    """Return an answer without the cycles of events, which arrive slowly."""
    if kind == Request.EVENTS + ANSWER:
        *head, _ = DECISION_FORMAT.unpack_from(payload)
        payload = DECISION_FORMAT.pack(*head, 0) + payload[DECISION_FORMAT.size :]
    return kind, sequence, payload


def _weights(model: BoardModel, kind: Request) -> Iterator[tuple[Request, bytes]]:
    """Read all weights, or write those of the model, and then request their checksum."""
    for layer, address, count in weight_parts(model.config, 4 * word_bytes(model.config.layers[0])):
        words = model.content(layer)[address : address + count].tobytes()
        header = weights_header(layer, address, len(words) // WORD_BYTES)
        yield kind, header if kind == Request.READ else header + words
    yield Request.CHECKSUM, b""


def _images(network: Network) -> Iterator[tuple[Request, bytes]]:
    """Let the board decide bitmaps, and then events of any tick, of which some are bad."""
    rng, rows = np.random.default_rng(3), len(network.inputs)
    bright = rng.random((IMAGES, rows)) < 0.6
    bright[1] = False
    yield from ((Request.INPUTS, bitmap_payload(image)) for image in bright)
    for ticks in rng.integers(0, network.deadline + 1, (IMAGES, rows)):
        yield _events(events(ticks).tolist())


BAD_EVENTS = (
    [(8, 3), (9, 3)],  # an address twice, and one that does not exist
    [(8, 3), (8, 77)],
    [(0, 3), (8, 4)],  # ticks out of range
    [(8, 3), (0x4009, 4)],
    [(9, 3), (8, 4)],  # ticks out of order
)
"""Spikes (tick, row), some of which the board ignores and reports."""


def _events(spikes: list) -> tuple[Request, bytes]:
    payload = bytes([UNLABELLED]) + b"".join(EVENT_FORMAT.pack(*spike) for spike in spikes)
    return Request.EVENTS, payload


def _refused(config: CoreConfig) -> Iterator[tuple[Request, bytes]]:
    """Request words that do not exist: the board refuses, and the checksum stays."""
    words, size = config.layers[0].words, word_bytes(config.layers[0])
    for kind, layer, address, content in (
        (Request.WRITE, 0, words - 1, bytes(2 * size)),
        (Request.WRITE, 0, 0, bytes(size - WORD_BYTES)),
        (Request.WRITE, len(config.layers), 0, bytes(size)),
        (Request.WRITE, 128, 0, bytes(size)),
        (Request.WRITE, 0, 1 << 20, bytes(size)),
        *(
            (Request.READ, 0, 1 << bit, bytes(size))
            for bit in range(words.bit_length(), WEIGHT_ADDRESS_BITS)
        ),
        (Request.READ, 0, words, bytes(size)),
        (Request.READ, 0, words - 1, bytes(2 * size)),
        (Request.READ, 0, 0, b""),
    ):
        payload = weights_header(layer, address, len(content) // WORD_BYTES)
        yield kind, payload + (content if kind == Request.WRITE else b"")
    yield Request.CHECKSUM, b""
