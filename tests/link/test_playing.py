# SPDX-License-Identifier: BSD-2-Clause
"""STORE and PLAY: images that a board holds, decided without a pause, and what is counted."""

from dataclasses import replace

import numpy as np
import pytest

from firstspike.boards.client.client import PART, BoardClient
from firstspike.boards.client.errors import MismatchError
from firstspike.golden import NetworkError, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.handlers.player import CYCLES_BESIDES, check_bench
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    PLAY_FORMAT,
    Cause,
    Identity,
    IdentityFlag,
    Notice,
    Request,
    encode_frame,
)
from firstspike.hdl.link.protocol.messages import counts_of, play_payload, store_payloads
from firstspike.scripts.verbs.serve import board_verilog
from firstspike.sim.benches.link.playing import played
from firstspike.sim.benches.link.script import Script
from firstspike.sim.benches.link.virtual import VirtualBoard
from tests.support.board_model import BoardModel, ModelLine
from tests.support.command import toy_network
from tests.support.link_board import (
    RING_BYTES,
    SmallBoard,
    decision_of,
    inputs_request,
    small_network,
)
from tests.support.simulators import sampled

HELD = 7
BOARD = SmallBoard(small_network(), bench_images=HELD)
PIXELS = BOARD.pixels(12)


def expected_of(board: SmallBoard, pixels: np.ndarray):
    """Return golden's ticks and results, with cycles, of images."""
    seen, ticks = board.network.connected(), board.ticks(pixels)
    inference = infer(seen, ticks)
    taken = cycles(seen, ticks, inference, board.folding, pixels[:, board.network.inputs])
    return ticks, replace(inference, cycles=taken)


@pytest.mark.parametrize(
    "board",
    sampled(
        [
            BOARD,
            SmallBoard(small_network(np.arange(16), 16), lanes=13),  # one group, and whole words
            SmallBoard(small_network(hidden=(9, 11)), lanes=3, window=2),
            SmallBoard(small_network(np.arange(1, 39)), rows=4),  # words of 32 bits
        ],
        4,
    ),
    ids=["half connected", "one group", "three layers", "rows"],
)
def test_played_images_are_decided_as_golden_does(board):
    ticks, expected = expected_of(board, board.pixels(12))
    counts = played(board.network, board.config, ticks, expected, 3)
    assert (counts.decisions, counts.differences) == (36, 0)
    alone = 3 * expected.cycles.sum()
    assert alone < counts.cycles < 1.5 * alone


@pytest.mark.long
def test_the_cycles_of_one_image_are_goldens():
    ticks, expected = expected_of(BOARD, PIXELS[:1])
    counts = played(BOARD.network, BOARD.config, ticks, expected, 1)
    assert counts == (1, 0, expected.cycles[0] + CYCLES_BESIDES)


def test_wrong_expectations_are_counted():
    ticks, right = expected_of(BOARD, PIXELS)
    decision, tick = right.decision.copy(), right.tick.copy()
    decision[2] ^= 1
    tick[5] -= 1
    decision[7], tick[7] = decision[7] + 128, tick[7] + (1 << 15)  # no class, no tick
    wrong = replace(right, decision=decision, tick=tick)
    counts = played(BOARD.network, BOARD.config, ticks, wrong, 4)
    assert (counts.decisions, counts.differences) == (48, 12)


@pytest.mark.long
def test_what_there_is_not_is_refused_and_nothing_is_touched():
    ticks, expected = expected_of(BOARD, PIXELS)
    stores = list(store_payloads(ticks, expected))
    bad = [
        (Request.STORE, stores[HELD]),
        (Request.STORE, b"\xff" + stores[0][1:]),
        (Request.PLAY, PLAY_FORMAT.pack(0, 1)),
        (Request.PLAY, PLAY_FORMAT.pack(HELD + 1, 1)),
        (Request.PLAY, PLAY_FORMAT.pack(256 + 1, 1)),
        (Request.PLAY, PLAY_FORMAT.pack(1, 0)),
    ]
    good = [(Request.STORE, payload) for payload in stores[:HELD]]
    last = [(Request.PLAY, play_payload(HELD, 2)), inputs_request(PIXELS[9], BOARD.network)]
    script = Script().stream([*good, *bad, *last], 0, RING_BYTES - 1)
    *answers, counted, decision = BOARD.run(script, pauses=True).answers
    told = [(answer.kind, answer.payload) for answer in answers]
    assert told[:HELD] == [(Request.STORE + ANSWER, b"")] * HELD
    assert told[HELD:] == [(Notice.REFUSED, bytes([Cause.RANGE]))] * len(bad)
    assert counts_of(counted.payload)[:2] == (2 * HELD, 0)
    assert decision_of(decision, 2) == BOARD.expected(PIXELS[9:10])[0]


@pytest.mark.long
def test_damaged_requests_are_dropped_for_the_known_causes():
    ticks, expected = expected_of(BOARD, PIXELS)
    store, *_ = store_payloads(ticks, expected)
    frame = encode_frame(Request.STORE, 0, store)
    bad = [
        (frame[:4] + bytes([frame[4] ^ 8]) + frame[5:], Cause.CRC),
        (encode_frame(Request.STORE, 0, store + b"\0"), Cause.LENGTH),
        (encode_frame(Request.STORE, 0, store[:-1]), Cause.LENGTH),
        (encode_frame(Request.PLAY, 0, play_payload(1, 1) + b"\0"), Cause.LENGTH),
        (encode_frame(Request.PLAY, 1, play_payload(1, 1)), Cause.SEQUENCE),
    ]
    for board, causes in ((BOARD, [cause for _, cause in bad]), (SmallBoard(BOARD.network), None)):
        script = Script()
        for content, _ in bad:
            script.send(content).pause(800)
        answers = board.run(script.answers(len(bad))).answers
        assert {answer.kind for answer in answers} == {Notice.ERROR}
        wanted = causes or [Cause.CRC, *[Cause.TYPE] * 4]  # one that has no images to play
        assert [answer.payload[0] for answer in answers] == wanted


def test_the_button_shows_its_image_after_a_play():
    ticks, expected = expected_of(BOARD, PIXELS[:HELD])
    requests = [(Request.STORE, payload) for payload in store_payloads(ticks, expected)]
    requests.append((Request.PLAY, play_payload(HELD, 1)))
    script = Script().stream(requests, 0, RING_BYTES - 1)
    assert BOARD.run(script).shown == -1
    assert BOARD.run(script.press().pause(2000)).shown == expected.decision[0]


def test_the_identity_says_how_many_images_there_are():
    (answer,) = BOARD.run(Script().request(Request.HELLO, 0).answers(1)).answers
    identity = Identity.from_bytes(answer.payload[1:])
    assert identity.has(IdentityFlag.BENCH)
    assert identity.bench_images == HELD
    with pytest.raises(ValueError, match="an identity of"):
        Identity.from_bytes(answer.payload[1:-1])


def test_cores_without_images_to_play_are_refused():
    graded = small_network(encoding="levels-4")
    for network, stored_bits, images, said in (
        (graded, None, 3, "are bitmaps"),
        (small_network(), 8, 3, "does not learn"),
        (small_network(), None, 257, "holds 1 to 256 images to play, not 257"),
    ):
        seen = network.connected()
        config = CoreConfig.of(
            seen, linked_folding(network, CoreShape(lanes=4)), stored_bits=stored_bits
        )
        with pytest.raises(NetworkError, match=said):
            check_bench(config, images)


NETWORK = toy_network()
TOY_PIXELS = np.random.default_rng(1).integers(0, 256, (9, 36)).astype(np.uint8)
TOY_TICKS = encode(NETWORK, TOY_PIXELS)


@pytest.mark.long
def test_the_client_plays_on_a_virtual_board():
    expected, rounds = infer(NETWORK, TOY_TICKS), 2 * PART // len(TOY_TICKS) + 5
    verilog = board_verilog(NETWORK, CoreShape(5, 0), bench_images=len(TOY_TICKS))
    told = []
    with VirtualBoard(verilog) as virtual, BoardClient.open(virtual.port) as board:
        counts = board.play(TOY_TICKS, expected, rounds, told.append)
    assert counts[:2] == (rounds * len(TOY_TICKS), 0)
    assert counts.cycles > counts.decisions
    assert told[-1] == counts.decisions
    assert len(told) == 3


def test_the_client_refuses_what_the_board_does_not_hold():
    board = BoardClient(ModelLine(BoardModel(NETWORK, bench_images=4)))
    expected = infer(NETWORK, TOY_TICKS)
    assert board.play(TOY_TICKS[:4], expected.select(range(4)), 2)[:2] == (8, 0)
    with pytest.raises(
        MismatchError, match="9 images are to be played: the board's design holds 4"
    ):
        board.play(TOY_TICKS, expected, 2)
    late = TOY_TICKS[:2] + (TOY_TICKS[:2] > 0)
    with pytest.raises(MismatchError, match="at tick 8"):
        board.play(late, infer(NETWORK, late), 2)
