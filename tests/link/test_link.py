# SPDX-License-Identifier: BSD-2-Clause
"""The link's hardware against the protocol and the golden model, byte by byte and bit by bit."""

import asyncio
import gc
import struct
from types import SimpleNamespace

import numpy as np
import pytest

from firstspike.hdl.core.config import weight_chunks
from firstspike.hdl.link.framing.spi import BYTE_CLOCKS
from firstspike.hdl.link.linked_core import LinkedCore
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    DELIMITER,
    ERROR_FORMAT,
    REQUEST_OVERHEAD,
    STATUS_FORMAT,
    UNLABELLED,
    Cause,
    Identity,
    IdentityFlag,
    Notice,
    Request,
    encode_frame,
)
from firstspike.hdl.link.protocol.identity import DesignProperties, config_of
from firstspike.hdl.link.protocol.messages import WORD_BYTES, weights_header
from firstspike.sim.benches.link.fuzz import WRONG, fuzz
from firstspike.sim.benches.link.fuzz_bench import FuzzBench
from firstspike.sim.benches.link.script import Script
from tests.support.link_board import (
    BUILD,
    CHECKSUM_CYCLES,
    CLOCK,
    RING_BYTES,
    SmallBoard,
    decision_of,
    events_request,
    fields_of,
    inputs_request,
    small_network,
)
from tests.support.link_session import session
from tests.support.simulators import sampled

NETWORK = small_network()
BOARD = SmallBoard(NETWORK)
LOADED = SmallBoard(NETWORK, loaded=True, lanes=9)  # words of two chunks in the first layer
GRADED = SmallBoard(small_network(encoding="levels-4"))
ROWS = SmallBoard(NETWORK, rows=4)
OVERLAP = SmallBoard(NETWORK, lanes=13, rows=4, overlap=True)
PLAYING = SmallBoard(NETWORK, bench_images=7)
LAYERS = len(NETWORK.weights)


def error(cause: Cause, dropped: int, expected: int) -> tuple:
    """The notice of a dropped frame, as of `fields_of`."""
    return Notice.ERROR, expected, ERROR_FORMAT.pack(cause, dropped)


def refused(sequence: int) -> tuple:
    """The notice of a request that asks for what is not there, as of `fields_of`."""
    return Notice.REFUSED, sequence, bytes([Cause.RANGE])


def hello(sequence: int, before: int, board: SmallBoard = BOARD) -> tuple:
    """The answer to HELLO, as of `fields_of`; its identity is that of the board."""
    found = board.run(Script().request(Request.HELLO, 0).answers(1)).answers[0].payload
    return Request.HELLO + ANSWER, sequence, bytes([before]) + found[1:]


def bitmap(image: np.ndarray) -> tuple[Request, bytes]:
    """Return the request for an image, uint8 [n_inputs], of NETWORK."""
    return inputs_request(image, NETWORK)


def write(layer: int, address: int, content: bytes) -> tuple[Request, bytes]:
    """Return the request to write chunks from a word on."""
    return Request.WRITE, weights_header(layer, address, len(content) // WORD_BYTES) + content


def read(layer: int, address: int, chunks: int) -> tuple[Request, bytes]:
    """Return the request to read chunks from a word on."""
    return Request.READ, weights_header(layer, address, chunks)


def content_of(board: SmallBoard) -> bytes:
    """The weights of its network as the link carries them, one word after the other."""
    return b"".join(
        struct.pack("<I", chunk) for *_, chunk in weight_chunks(board.config, board.network)
    )


@pytest.mark.parametrize("bits", [False, True])
def test_a_session_is_as_golden_has_it(bits):
    """Weights, images, bad events, refusals, and a byte without its stop bit, one by one."""
    session(bits)


@pytest.mark.parametrize(
    ("frames", "bits"),
    [
        (150, False),
        *(pytest.param(*one, marks=pytest.mark.long) for one in ((1000, False), (160, True))),
    ],
)
def test_hostile_frames_do_no_harm(frames, bits):
    findings = fuzz("test", frames, bits=bits)
    assert findings.harmful == []
    assert findings.frames == frames
    assert min(findings.kinds.values()) > 0
    assert len(findings.kinds) == (17 if bits else 15)


def test_an_answer_that_is_no_frame_is_wrong():
    bench = FuzzBench.__new__(FuzzBench)  # without a simulation
    content = bytes([Notice.ERROR, 1]) + DELIMITER + encode_frame(Request.STATUS + ANSWER, 7)
    bench.line = SimpleNamespace(arrived=SimpleNamespace(content=content))
    bench.domain, bench._read = SimpleNamespace(cycle=0), 0
    wrong = asyncio.run(bench.answered([bytes([Request.STATUS + ANSWER, 7])]))
    assert wrong == f"{WRONG}: 00ff01 instead of 8907"


@pytest.mark.parametrize("board", sampled([BOARD, LOADED, GRADED, ROWS, OVERLAP, PLAYING], 6))
def test_hello_says_who_the_board_is(board):
    script = Script().request(Request.HELLO, 200).request(Request.HELLO, 7).answers(2)
    answers = board.run(script).answers
    assert [(a.kind, a.sequence, a.payload[0]) for a in answers] == [(0x81, 200, 0), (0x81, 7, 201)]
    identity = Identity.from_bytes(answers[0].payload[1:])
    assert answers[1].payload[1:] == answers[0].payload[1:]
    bitmaps = (board.config.bitmap is not None) << IdentityFlag.BITMAPS
    overlaps = board.overlap << IdentityFlag.OVERLAPS
    bench = (board.bench_images > 0) << IdentityFlag.BENCH
    lacks = board.loaded << IdentityFlag.NEEDS_WEIGHTS
    assert identity.flags == bitmaps | overlaps | bench | lacks
    assert identity.bench_images == board.bench_images
    assert config_of(identity) == board.config
    assert identity.capacity == RING_BYTES - 1
    assert identity.max_payload == RING_BYTES - 1 - REQUEST_OVERHEAD
    assert identity.clock == CLOCK
    assert identity.build == BUILD
    assert identity.network.hex() == board.network.digest()
    assert (identity.n_inputs, identity.unit, identity.deadline) == (40, 8, 50)


SHAPES = {
    "half connected": BOARD,
    "all connected": SmallBoard(small_network(np.arange(16), 16)),  # in whole bytes
    "two of 39": SmallBoard(small_network(np.array([0, 38]), 39)),
    "three layers": SmallBoard(small_network(hidden=(9, 11)), lanes=3, window=2),
    "rows": ROWS,
    "sends": SmallBoard(NETWORK, lanes=13, rows=2),
    "overlap": OVERLAP,
}


@pytest.mark.parametrize("shape", sampled([*SHAPES], 7))
@pytest.mark.parametrize("pauses", sampled([False, True], 2))
def test_bitmaps_are_classified_as_golden_does_to_the_cycle(shape, pauses):
    board = SHAPES[shape]
    pixels = board.pixels(40)
    requests = [
        inputs_request(image, board.network, number if number % 3 else UNLABELLED)
        for number, image in enumerate(pixels)
    ]
    outcome = board.run(Script().stream(requests, 0, RING_BYTES - 1), pauses=pauses)
    layers = len(board.network.weights)
    assert [decision_of(answer, layers) for answer in outcome.answers] == board.expected(pixels)
    assert [(a.kind, a.sequence) for a in outcome.answers] == [
        (kind + ANSWER, number) for number, (kind, _) in enumerate(requests)
    ]


@pytest.mark.long
def test_writes_to_the_ring_do_not_show_in_the_cycles():
    """Dark images go through the core a word a cycle, while others come in."""
    board = SmallBoard(small_network(np.arange(0, 700, 2), 700), ring_bytes=1024)
    pixels = board.pixels(12)
    pixels[:] = 0
    pixels[::3, 5:400:70] = 255
    script = Script()
    for number, image in enumerate(pixels):
        script.ask(inputs_request(image, board.network), number, spacing=61)
    answers = board.run(script.answers(len(pixels))).answers
    assert [decision_of(answer, LAYERS) for answer in answers] == board.expected(pixels)


@pytest.mark.long
def test_a_mark_waits_through_a_bad_frame_while_an_image_streams():
    """The image takes a byte of the ring in every cycle until the bad frame has been dropped."""
    size = 2200
    board = SmallBoard(small_network(np.arange(size), size, hidden=()), ring_bytes=1024)
    pixels = np.zeros((1, size), np.uint8)
    pixels[0, 5] = 255
    kind, payload = inputs_request(pixels[0], board.network)
    frames = encode_frame(kind, 1, payload) + encode_frame(Request.CHECKSUM, 2) + b"\5" + DELIMITER
    script = Script().request(Request.HELLO, 0).answers(1)
    answers = board.run(script.send(frames, spacing=BYTE_CLOCKS).answers(4)).answers
    # Not its cycles: bytes that arrive take some of the ring's from so long an image.
    (*decision, _, spikes), (*expected, _, right) = (
        decision_of(answers[1], 1),
        board.expected(pixels)[0],
    )
    assert (decision, spikes) == (expected, right)
    notice, checksum = answers[2:]  # of the frame that is none at once
    assert (checksum.kind, checksum.sequence) == (Request.CHECKSUM + ANSWER, 2)
    assert (notice.kind, notice.payload[0]) == (Notice.ERROR, Cause.FRAMING)


@pytest.mark.parametrize("board", sampled([BOARD, LOADED, ROWS, OVERLAP], 4))
def test_a_checksum_takes_no_longer_than_is_said(board):
    script = Script().request(Request.STATUS, 0).answers(1).request(Request.CHECKSUM, 1).answers(2)
    before, after = board.run(script).answers
    chunks = len(list(weight_chunks(board.config, board.network)))
    assert 0.8 * CHECKSUM_CYCLES < (after.cycle - before.cycle) / chunks <= CHECKSUM_CYCLES


@pytest.mark.long
def test_a_layer_behind_three_is_refused():
    board = SmallBoard(small_network(hidden=(9, 11)), lanes=3)
    script = Script().ask(read(3, 0, 1), 0).answers(1)
    script.ask(write(3, 0, bytes(4)), 1).answers(2)
    assert fields_of(board.run(script).answers) == [refused(0), refused(1)]


def test_after_a_loss_nothing_is_taken_until_hello():
    good = [encode_frame(Request.STATUS, i) for i in range(5)]
    script = Script().send(good[0]).send(good[1][:-1] + b"\1" + DELIMITER)
    script.send(good[2]).send(good[3]).pause(2000)
    script.request(Request.HELLO, 90).request(Request.STATUS, 91).pause(2000)
    script.request(Request.STATUS, 91).pause(3000)
    answers = BOARD.run(script).answers
    status = [a for a in answers if a.kind == Request.STATUS + ANSWER]
    assert [(a.sequence, a.payload) for a in status] == [
        (0, STATUS_FORMAT.pack(0, 0)),
        (91, STATUS_FORMAT.pack(Cause.SEQUENCE, 3)),
    ]
    assert hello(90, before=1) in fields_of(answers)
    errors = [a for a in answers if a.kind == Notice.ERROR]
    assert (errors[-1].sequence, errors[-1].payload) == (92, ERROR_FORMAT.pack(Cause.SEQUENCE, 4))
    assert {a.sequence for a in errors[:-1]} == {1}


def test_a_host_that_sends_more_than_the_capacity_loses_what_is_too_much():
    """While nobody takes the answers, the ring fills up behind a request that cannot end."""
    script = Script().hold()
    for number in range(3):
        script.ask(read(0, 0, 60), number)
    for number in range(3, 11):  # 53 bytes each, of which four find room
        script.ask(events_request([(8, 3)] * 12), number)
    script.go_on().pause(20_000).request(Request.HELLO, 3).answers(9)
    answers = BOARD.run(script, pauses=True).answers
    assert [a.sequence for a in answers if a.kind == Request.EVENTS + ANSWER] == [3, 4, 5, 6]
    assert error(Cause.SEQUENCE, 4, 7) in fields_of(answers)
    assert fields_of(answers)[-1][:2] == (Request.HELLO + ANSWER, 3)
    assert answers[-1].payload[0] == 7


@pytest.mark.long
def test_the_button_shows_the_stored_image():
    pixels = BOARD.pixels(30)
    classes = [decision for decision, *_ in BOARD.expected(pixels)]
    stored, other = 0, next(i for i, c in enumerate(classes) if c != classes[0])
    assert BOARD.run(Script().pause(10)).shown == -1
    shown = BOARD.run(Script().press().pause(2000))
    assert (shown.shown, shown.answers) == (classes[stored], [])
    script = Script().press().ask(bitmap(pixels[other]), 0).answers(1)
    outcome = BOARD.run(script)
    assert outcome.shown == classes[other]
    assert decision_of(outcome.answers[0], LAYERS) == BOARD.expected(pixels)[other]
    script = Script().ask(bitmap(pixels[other]), 0).press()
    assert BOARD.run(script.answers(1).pause(2000)).shown == classes[stored]


def test_a_hash_of_another_length_is_refused():
    with pytest.raises(ValueError, match="build has 3 bytes: give the 8 of its hash"):
        DesignProperties(clock_hz=CLOCK, build=b"abc")


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_a_stored_image_is_for_bitmaps():
    network = GRADED.network
    with pytest.raises(ValueError, match="only a core with a bitmap"):
        LinkedCore(GRADED.config, network, clock_hz=CLOCK, digit=np.ones(len(network.inputs), bool))
    gc.collect()  # Amaranth warns of what is not used when it goes
