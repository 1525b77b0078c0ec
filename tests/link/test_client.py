# SPDX-License-Identifier: BSD-2-Clause
"""The host's end of the link, against a board in Python: results, credits, and what it refuses."""

import errno
import os
import pty
import threading
import tty
from dataclasses import replace

import numpy as np
import pytest
import serial

from firstspike.boards.client.client import BoardClient, Status
from firstspike.boards.client.errors import MismatchError, NoAnswerError, PortError, RefusedError
from firstspike.boards.client.frames import LONGEST, FrameReader
from firstspike.golden import LearningState, NetworkError, Settings, encode, infer
from firstspike.hdl.link.protocol import formats as protocol
from firstspike.hdl.link.protocol.formats import Identity, Request
from firstspike.hdl.link.protocol.messages import connected_inputs
from tests.support.board_model import BoardModel, ModelLine
from tests.support.command import toy_network

pytestmark = pytest.mark.fast

NETWORK = toy_network()
PIXELS = np.random.default_rng(1).integers(0, 256, (60, 36)).astype(np.uint8)
TICKS = encode(NETWORK, PIXELS)
OTHER = replace(NETWORK, weights=(NETWORK.weights[0], NETWORK.weights[1][:, ::-1]))


def board_with(**options) -> BoardClient:
    """A board on a good line; its model is `board.model`, the line `board.line`."""
    model = BoardModel(options.pop("network", NETWORK), **options)
    board = BoardClient(ModelLine(model))
    board.model, board.line = model, board._channel
    return board


def sent_kinds(board: BoardClient) -> list[int]:
    """Types of the requests that go over the board's line from now on."""
    reader, kinds = FrameReader(), []

    def look(sent, now):
        kinds.extend(kind for kind, _, _ in reader.feed(sent))
        return sent, now

    board.line.damage_out = look
    return kinds


def test_a_board_that_found_no_weights_in_its_flash_says_so_until_it_is_loaded():
    board = board_with(loaded=True, flashed=True)
    with pytest.raises(RefusedError, match=r"no weights .*the flash is empty, or missing.*: load"):
        board.classify(TICKS)
    assert board.load(NETWORK)
    assert board.classify(TICKS).decision.tolist() == infer(NETWORK, TICKS).decision.tolist()
    assert BoardClient(board.line).identity.fault is None


def test_binary_images_go_as_the_connected_inputs_others_as_events():
    board = board_with()
    kinds = sent_kinds(board)
    ticks = TICKS[:2].copy()
    ticks[1, 3] = NETWORK.unit + 1
    results = board.classify(ticks)
    assert kinds == [Request.INPUTS, Request.EVENTS]
    assert results.decision.tolist() == infer(NETWORK, ticks).decision.tolist()


def test_networks_with_levels_go_as_events():
    network = toy_network("levels-8")
    board = board_with(network=network)
    ticks = encode(network, PIXELS)
    assert board.classify(ticks).tick.tolist() == infer(network, ticks).tick.tolist()
    assert board.config.bitmap is None
    with pytest.raises(MismatchError, match="takes no pixels"):
        board.classify(ticks, PIXELS)


def test_weights_are_written_only_where_they_differ():
    board = board_with(loaded=True)
    kinds, told = sent_kinds(board), []
    assert board.load(NETWORK, progress=lambda *done: told.append(done))
    assert Request.WRITE in kinds
    assert told == sorted(told)
    assert told[-1] == (468, 468)
    kinds.clear()
    assert not board.load(NETWORK)
    assert kinds == [Request.CHECKSUM]
    assert board.load(OTHER)
    assert all(map(np.array_equal, board.read_weights(), OTHER.weights))


def test_credits_keep_the_board_from_running_over_and_the_line_busy():
    board = board_with(capacity=200)
    most = 0
    receive = board.model.receive

    def look(coded):
        nonlocal most
        receive(coded)
        most = max(most, len(board.model.ring))

    board.model.receive = look
    board.classify(TICKS)
    assert board.status() == Status(0, None)
    assert most == 200 // (4 + 6)


def test_a_bridge_that_holds_answers_back_does_not_slow_it_down():
    board = board_with(capacity=8192)
    board.line.damage_in = lambda content, now: (content, now + 0.016)
    board.line.seconds = dict.fromkeys(Request, 125e-6)  # 128 requests in 16 ms
    start, images = board.line.now(), np.tile(TICKS, (5, 1))
    assert len(board.classify(images)) == 300
    assert board.line.now() - start < 300 * 125e-6 + 1.05 * 0.016


def test_a_slow_board_is_waited_for():
    board = board_with()
    board.line.seconds[Request.CHECKSUM] = 20.0
    kinds = sent_kinds(board)
    assert board.checksum()
    assert kinds.count(Request.CHECKSUM) == 1


def test_a_board_that_is_still_busy_with_what_another_program_has_left_is_waited_for():
    board = board_with()
    board.line.seconds[Request.INPUTS] = 0.5
    leave_early(board)
    other = BoardClient(board.line)
    assert other.identity == board.identity
    assert board.line.now() > 29


def test_a_lost_answer_of_a_learned_image_is_marked_and_it_is_learned_once():
    board = board_with(stored_bits=8)
    learned, to_lose = board.model.learned, {3, 60}

    def lose(content, now):
        if len(learned) not in to_lose:
            return content, now
        to_lose.remove(len(learned))
        return b"", now

    board.line.damage_in = lose
    results = board.learn(TICKS, [1] * len(TICKS), Settings())
    assert np.flatnonzero(results.lost).tolist() == [2, 59]
    assert len(board.model.learned) == len(TICKS)


def leave_early(board: BoardClient) -> None:
    """Leave images after the first one, as Ctrl-C does."""

    def leave(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        board.classify(TICKS, progress=leave)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": (NETWORK.weights[0][:, :9], NETWORK.weights[1][:9])}, "35-12-4, and 35-9-4"),
        ({"unit": 7}, "unit is 8, and 7"),
        ({"deadline": 61}, "deadline is 60, and 61"),
        ({"thresholds": (300, 201)}, "thresholds is .300, 200., and .300, 201."),
    ],
)
def test_other_networks_are_refused_by_shape_and_hash(change, words):
    board = board_with()
    other = replace(NETWORK, **change)
    with pytest.raises(MismatchError, match=words) as caught:
        board.load(other)
    assert NETWORK.digest()[:12] in str(caught.value)
    assert other.digest()[:12] in str(caught.value)


def forgetful(board):
    board.model._write = lambda *_: b""
    board.load(NETWORK)


def of_class_4(board):
    answer = board.model._image
    board.model._image = lambda *words: bytes([4]) + answer(*words)[1:]
    board.classify(TICKS)


def without_a_layer(board):
    board.model.layers.pop()
    board.read_weights()


STORED = LearningState.of(NETWORK, 10).weights
STRONG = replace(NETWORK, weights=(np.full((35, 12), 127), NETWORK.weights[1]))


@pytest.mark.parametrize(
    ("options", "ask", "error", "words"),
    [
        ({}, lambda board: board.classify(TICKS[:, 1:]), MismatchError, "takes 35"),
        ({}, lambda board: board.classify(TICKS * 20), MismatchError, "ticks up to 60"),
        ({}, lambda board: board.classify(TICKS, PIXELS[:, 1:]), MismatchError, "takes 36"),
        ({}, lambda board: board.learn(TICKS, [0] * 60, Settings()), MismatchError, "--learn"),
        (
            {"stored_bits": 8},
            lambda board: board.learn(TICKS[:1], [4], Settings()),
            MismatchError,
            r"0\.\.3",
        ),
        ({}, lambda board: board.load(STRONG), NetworkError, "layer 0 need 14 bits"),
        ({}, lambda board: board.load(NETWORK, STORED), NetworkError, "leave the others out"),
        (
            {"stored_bits": 8},
            lambda board: board.load(NETWORK, STORED),
            NetworkError,
            "weights of 8 bits",
        ),
        ({}, without_a_layer, RefusedError, r"READ \(RANGE\)"),
        ({"loaded": True}, forgetful, RefusedError, "not those that were written"),
        ({}, of_class_4, RefusedError, "class 4, of 4"),
    ],
)
def test_what_a_core_cannot_or_does_not_do_is_an_error(options, ask, error, words):
    board = board_with(**options)
    with pytest.raises(error, match=words):
        ask(board)


@pytest.mark.parametrize("noise", [0, 1, 300])
@pytest.mark.parametrize("before", [1, 200])  # then sequence 0 is one of those under way
def test_a_board_that_is_started_anew_is_found_out(noise, before):
    board = board_with(loaded=True)
    board.line.write(b"\1\2\3\0" * noise)
    board.load(NETWORK)

    def start_anew(done):
        if done == before:
            board.model.started_anew()

    with pytest.raises(NoAnswerError, match="started anew"):
        board.classify(np.tile(TICKS, (9, 1)), progress=start_anew)
    assert board.classify(TICKS).tick.tolist() == infer(NETWORK, TICKS).tick.tolist()
    board.model.started_anew()
    with pytest.raises(NoAnswerError, match="started anew"):
        board.checksum()


def test_another_bitstream_than_before_is_found_out():
    board = board_with()
    leave_early(board)
    board.line.board = BoardModel(OTHER)
    with pytest.raises(MismatchError, match="another bitstream"):
        board.checksum()


@pytest.mark.parametrize("version", [2, 7])
def test_another_version_of_the_protocol_is_named(monkeypatch, version):
    """Version 2 had no mask."""
    model = BoardModel(NETWORK)
    content = bytes([version]) + model.identity._replace(mask=b"").to_bytes()[1:]
    monkeypatch.setattr(type(model.identity), "to_bytes", lambda _: content)
    with pytest.raises(MismatchError, match=f"speaks version {version} .*: build the bitstream"):
        BoardClient(ModelLine(model))


def test_a_mask_of_other_inputs_than_the_core_has_is_refused():
    identity = BoardModel(NETWORK).identity
    ones = len(NETWORK.inputs)
    assert connected_inputs(identity).tolist() == NETWORK.inputs.tolist()
    wrong = identity._replace(mask=bytes(len(identity.mask)))
    with pytest.raises(ValueError, match=f"mask has 0 inputs, and not {ones}"):
        Identity.from_bytes(wrong.to_bytes())


def test_silence_and_noise_are_told_apart():
    line = ModelLine(BoardModel(NETWORK))
    line.damage_in = lambda content, now: (b"", now)
    with pytest.raises(NoAnswerError, match="no answer on the model"):
        BoardClient(line)
    line = ModelLine(BoardModel(NETWORK))
    line.damage_in = lambda content, now: (content.replace(b"\0", b"\1"), now)
    with pytest.raises(NoAnswerError, match="baud rate"):
        BoardClient(line)
    assert line.now() < 10


def test_noise_without_end_is_forgotten():
    reader = FrameReader()
    for _ in range(3):
        assert reader.feed(b"\1" * LONGEST) == []
    assert len(reader._partial) <= LONGEST
    frame = protocol.encode_frame(9, 8, b"content")
    assert reader.feed(b"\0" + frame[:3]) == []
    assert reader.feed(frame[3:]) == [(9, 8, b"content")]


@pytest.fixture
def terminal():
    """A pseudo-terminal: our end, and the name of the other."""
    ours, theirs = pty.openpty()
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_a_port_that_is_in_use_is_named(terminal):
    _, name = terminal
    with serial.Serial(name, exclusive=True), pytest.raises(PortError, match="in use"):
        BoardClient.open(name)


def test_a_board_that_is_not_there_is_missed_soon(terminal):
    _, name = terminal
    with pytest.raises(NoAnswerError, match="is it a FirstSpike board"):
        BoardClient.open(name, timeout=0.01)
    serial.Serial(name, exclusive=True).close()  # it was let go


def test_a_port_that_goes_is_named():
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    model = BoardModel(NETWORK)

    def answer_once():
        while not model.sent:
            model.receive(os.read(ours, 100))
            while model.busy:
                model.work()
        os.write(ours, bytes(model.sent))

    thread = threading.Thread(target=answer_once)
    thread.start()
    with BoardClient.open(os.ttyname(theirs)) as board:
        thread.join()
        os.close(theirs)
        os.close(ours)
        with pytest.raises(PortError, match="has gone"):
            board.status()


def test_ports_that_cannot_be_opened_say_why(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PortError, match="is no serial port"):
        BoardClient.open(str(tmp_path / "file"))

    def denied(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(PortError, match="dialout"):
        BoardClient.open("/dev/ttyUSB0")


OF_NO_BOARD = {"unit": 0, "deadline": 0, "clock": 0, "n_inputs": 3, "max_payload": 0, "capacity": 9}
OF_NO_CORE = [("n_out", 0), ("lanes", 0), ("rows", 0), ("rows", 3), ("window", 9)]
OF_NO_CORE += [("weight_bits", 0), ("threshold", 0)]
"""Values in an identity, and for its first layer, that none can have."""


@pytest.mark.parametrize(
    ("of_board", "of_layer", "message"),
    [
        *(({name: value}, {}, f"{name} is {value}") for name, value in OF_NO_BOARD.items()),
        *(({}, {name: value}, "is no core") for name, value in OF_NO_CORE),
        ({"layers": ()}, {}, "layers is 0"),
        ({}, {"n_in": 0}, "n_in is 0"),
    ],
)
def test_a_board_that_says_what_none_can_be_is_refused(of_board, of_layer, message):
    model = BoardModel(NETWORK)
    first, *others = model.identity.layers
    layers = (first._replace(**of_layer), *others)
    model.identity = model.identity._replace(**{"layers": layers} | of_board)
    mask = model.identity.mask[: model.identity.mask_bytes]
    model.identity = model.identity._replace(mask=mask)
    with pytest.raises(MismatchError, match=message):
        BoardClient(ModelLine(model))
