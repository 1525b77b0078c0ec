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
from firstspike.hdl.link.protocol.formats import Request
from firstspike.hdl.link.protocol.messages import play_payload, store_payloads
from firstspike.scripts.verbs.serve import board_verilog
from firstspike.sim.benches.link.playing import played
from firstspike.sim.benches.link.script import Script
from firstspike.sim.benches.link.virtual import VirtualBoard
from tests.support.board_model import BoardModel, ModelLine
from tests.support.command import toy_network
from tests.support.link_board import RING_BYTES, SmallBoard, small_network
from tests.support.simulators import sampled

HELD = 7
BOARD = SmallBoard(small_network(), bench_images=HELD)
PIXELS = BOARD.pixels(12)


def expected_of(board: SmallBoard, pixels: np.ndarray):
    """Return golden's ticks and results, with cycles, of images."""
    connected, ticks = board.network.connected(), board.ticks(pixels)
    inference = infer(connected, ticks)
    taken = cycles(connected, ticks, inference, board.folding, pixels[:, board.network.inputs])
    return ticks, replace(inference, cycles=taken)


SHAPES = {
    "half connected": BOARD,
    "one group": SmallBoard(small_network(np.arange(16), 16), lanes=13),  # and whole words
    "three layers": SmallBoard(small_network(hidden=(9, 11)), lanes=3, window=2),
    "rows": SmallBoard(small_network(np.arange(1, 39)), rows=4),  # words of 32 bits
}


@pytest.mark.parametrize("shape", sampled([*SHAPES], 4))
def test_played_images_are_decided_as_golden_does(shape):
    board = SHAPES[shape]
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


def test_the_button_shows_its_image_after_a_play():
    ticks, expected = expected_of(BOARD, PIXELS[:HELD])
    requests = [(Request.STORE, payload) for payload in store_payloads(ticks, expected)]
    requests.append((Request.PLAY, play_payload(HELD, 1)))
    script = Script().stream(requests, 0, RING_BYTES - 1)
    assert BOARD.run(script).shown == -1
    assert BOARD.run(script.press().pause(2000)).shown == expected.decision[0]


def test_cores_without_images_to_play_are_refused():
    graded = small_network(encoding="levels-4")
    for network, stored_bits, images, message in (
        (graded, None, 3, "are bitmaps"),
        (small_network(), 8, 3, "does not learn"),
        (small_network(), None, 257, "holds 1 to 256 images to play, not 257"),
    ):
        connected = network.connected()
        config = CoreConfig.of(
            connected, linked_folding(network, CoreShape(lanes=4)), stored_bits=stored_bits
        )
        with pytest.raises(NetworkError, match=message):
            check_bench(config, images)


NETWORK = toy_network()
TOY_PIXELS = np.random.default_rng(1).integers(0, 256, (9, 36)).astype(np.uint8)
TOY_TICKS = encode(NETWORK, TOY_PIXELS)


@pytest.mark.long
def test_the_client_plays_on_a_virtual_board():
    expected, rounds = infer(NETWORK, TOY_TICKS), 2 * PART // len(TOY_TICKS) + 5
    verilog = board_verilog(NETWORK, CoreShape(5, 0), bench_images=len(TOY_TICKS))
    progress = []
    with VirtualBoard(verilog) as virtual, BoardClient.open(virtual.port) as board:
        counts = board.play(TOY_TICKS, expected, rounds, progress.append)
    assert counts[:2] == (rounds * len(TOY_TICKS), 0)
    assert counts.cycles > counts.decisions
    assert progress[-1] == counts.decisions
    assert len(progress) == 3


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
