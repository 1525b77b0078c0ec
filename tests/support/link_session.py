# SPDX-License-Identifier: BSD-2-Clause
"""A short session with a small board: the requests that it takes, one by one, against golden."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from firstspike.golden import Network, Results, encode, events, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.words import WEIGHT_ADDRESS_BITS
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    CHECKSUM_FORMAT,
    DECISION_FORMAT,
    EVENT_FORMAT,
    STATUS_FORMAT,
    UNLABELLED,
    Cause,
    DecisionFlag,
    Identity,
    Notice,
    Request,
)
from firstspike.hdl.link.protocol.identity import config_of, linked_config
from firstspike.hdl.link.protocol.messages import (
    WORD_BYTES,
    bitmap_payload,
    weight_bytes,
    weight_parts,
    weights_header,
    word_bytes,
)
from firstspike.sim.benches.link.fuzz import CLOCK, CLOCKS_A_BIT, LANES, RING_BYTES, small_network
from firstspike.sim.benches.link.script import (
    Script,
    linked_core_verilog,
    run_script,
    serial_core_verilog,
)
from firstspike.sim.harness.runner import SimulationError

IMAGES = 5

FIRST = 200
"""Sequence number of the first request."""


class _Exchange(NamedTuple):
    """A request, the type of its answer, and whether the answer's payload is right."""

    kind: int
    payload: bytes
    answered_by: int
    is_right: Callable[[bytes], bool]


def session(bits: bool = False) -> None:
    """Hold a session with a LinkedCore, byte by byte or bit by bit, against golden.

    Raises SimulationError at the first answer that differs.
    """
    network = small_network()
    config = linked_config(network, CoreShape(lanes=LANES))
    other = replace(network, weights=tuple(weights[::-1] for weights in network.weights))
    exchanges = [
        *(
            _Exchange(Request.HELLO, b"", Request.HELLO + ANSWER, partial(_is_of, config, before))
            for before in (0, FIRST + 1)
        ),
        *_weights(config, network, Request.READ),
        *_images(network),
        *_weights(config, other, Request.WRITE),
        *_refused(config),
        *_images(other),
        *(_events(sent, partial(_is_flagged, bad)) for sent, bad in BAD_EVENTS),
        _plain(Request.RESET, b"", b""),
        _plain(Request.STATUS, b"", STATUS_FORMAT.pack(0, 0)),
    ]
    script = Script()
    for number, one in enumerate(exchanges):
        script.request(one.kind, (FIRST + number) % 256, one.payload).answers(number + 1)
    # A byte without a stop bit, within a frame that is otherwise good.
    dropped = STATUS_FORMAT.pack(Cause.FRAMING, 1)
    script.broken(b"\1").request(Request.STATUS, (FIRST + len(exchanges)) % 256)
    exchanges.append(_Exchange(Request.STATUS, b"", Notice.ERROR, lambda said: said == dropped))
    script.answers(len(exchanges))
    make = serial_core_verilog if bits else linked_core_verilog
    verilog = make(config, network, weights=network.weights, clock_hz=CLOCK, ring_bytes=RING_BYTES)
    outcome = run_script(verilog, script, bits=CLOCKS_A_BIT if bits else None, pauses=not bits)
    for number, (answer, one) in enumerate(zip(outcome.answers, exchanges, strict=True)):
        head = answer.kind, answer.sequence
        if head != (one.answered_by, (FIRST + number) % 256) or not one.is_right(answer.payload):
            raise SimulationError(f"request {number} of type {one.kind} is answered by {answer}")


def _plain(kind: Request, payload: bytes, expected: bytes) -> _Exchange:
    return _Exchange(kind, payload, kind + ANSWER, lambda said: said == expected)


def _is_of(config: CoreConfig, before: int, greeting: bytes) -> bool:
    return greeting[0] == before and config_of(Identity.from_bytes(greeting[1:])) == config


def _weights(config: CoreConfig, network: Network, kind: Request) -> Iterator[_Exchange]:
    """Read or write all weights, and then ask for their checksum."""
    content = weight_bytes(config, network)
    for layer, address, count in weight_parts(config, 4 * word_bytes(config.layers[0])):
        size = word_bytes(config.layers[layer])
        words = content[layer][address * size : (address + count) * size]
        header = weights_header(layer, address, len(words) // WORD_BYTES)
        if kind == Request.READ:
            yield _plain(kind, header, words)
        else:
            yield _plain(kind, header + words, b"")
    checksum = zlib.crc32(b"".join(content))
    yield _plain(Request.CHECKSUM, b"", CHECKSUM_FORMAT.pack(checksum))


def _images(network: Network) -> Iterator[_Exchange]:
    """Let the board decide bitmaps, and then events of any tick, of which some are bad."""
    network_of_connected, rng = network.connected(), np.random.default_rng(3)
    rows = len(network.inputs)
    pixels = np.where(rng.random((IMAGES, network.n_inputs)) < 0.6, 255, 0).astype(np.uint8)
    pixels[1] = 0
    connected = pixels[:, network.inputs]
    ticks = encode(network_of_connected, connected)
    expected = infer(network_of_connected, ticks)
    folding = linked_folding(network, CoreShape(lanes=LANES))
    count = cycles(network_of_connected, ticks, expected, folding, connected)
    for image, bright in enumerate(connected > 127):
        right = _decided(expected, image, int(count[image]))
        yield _plain(Request.INPUTS, bitmap_payload(bright), right)
    ticks = rng.integers(0, network.deadline + 1, (IMAGES, rows))
    expected = infer(network_of_connected, ticks)
    for image, one in enumerate(ticks):
        right = _decided(expected, image, 0)
        yield _events(events(one).tolist(), partial(_decides, right))


BAD_EVENTS = (
    ([(8, 3), (9, 3)], DecisionFlag.ADDRESS),
    ([(8, 3), (8, 77)], DecisionFlag.ADDRESS),
    ([(0, 3), (8, 4)], DecisionFlag.TICK),
    ([(8, 3), (0x4009, 4)], DecisionFlag.TICK),
    ([(9, 3), (8, 4)], DecisionFlag.ORDER),
)
"""Spikes (tick, row), and the flag that they set."""


def _events(spikes: list, is_right: Callable[[bytes], bool]) -> _Exchange:
    payload = bytes([UNLABELLED]) + b"".join(EVENT_FORMAT.pack(*spike) for spike in spikes)
    return _Exchange(Request.EVENTS, payload, Request.EVENTS + ANSWER, is_right)


def _is_flagged(flag: DecisionFlag, answer: bytes) -> bool:
    """Whether a decision has only this flag, besides the one that it is forced."""
    return DECISION_FORMAT.unpack_from(answer)[1] & ~(1 << DecisionFlag.FORCED) == 1 << flag


def _decided(expected: Results, image: int, cycles: int) -> bytes:
    """The answer to an image, without errors."""
    head = DECISION_FORMAT.pack(
        int(expected.decision[image]),
        int(expected.forced[image]) << DecisionFlag.FORCED,
        int(expected.tick[image]),
        cycles,
    )
    return head + expected.spikes_in[image].astype("<u2").tobytes()


def _decides(right: bytes, said: bytes) -> bool:
    """Whether an answer is this decision, whatever its cycles: events come slowly."""
    *head, _ = DECISION_FORMAT.unpack_from(said)
    return DECISION_FORMAT.pack(*head, 0) + said[DECISION_FORMAT.size :] == right


def _refused(config: CoreConfig) -> Iterator[_Exchange]:
    """Ask for what is not there: it is refused, and the checksum stays."""
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
        payload += content if kind == Request.WRITE else b""
        yield _Exchange(kind, payload, Notice.REFUSED, lambda said: said == bytes([Cause.RANGE]))
