# SPDX-License-Identifier: BSD-2-Clause
"""The host's end of the link, against written answers: late, odd and contradictory ones."""

from collections import deque

import pytest

from firstspike.boards.client.errors import NoAnswerError
from firstspike.boards.client.frames import FrameReader
from firstspike.boards.client.request import PendingRequest
from firstspike.boards.client.transport import NONSENSE_TRIES, Transport
from firstspike.hdl.link.protocol import formats as protocol
from firstspike.hdl.link.protocol.formats import ANSWER, PROBE, Cause, Notice, Request, encode_frame
from tests.support.board_model import BoardModel
from tests.support.command import toy_network

pytestmark = pytest.mark.fast

IDENTITY = BoardModel(toy_network()).identity.to_bytes()
KNOWN = 5
"""Frames that the board has dropped before."""


class WrittenLine:
    """A line on which `respond` decides what comes back for a frame: a list of frames, or None for
    what a board says of HELLO and STATUS. Time passes only where nothing comes."""

    name = "the line"

    def __init__(self, respond):
        self._respond = respond
        self._reader = FrameReader()
        self._unread = deque()
        self._now = 0.0
        self.sent: list[tuple[int, int]] = []
        """(type, sequence) of every frame."""

    def now(self):
        """Seconds."""
        return self._now

    def write(self, sent):
        """Look up what comes back."""
        for kind, sequence, _ in self._reader.feed(sent):
            self.sent.append((kind, sequence))
            answers = self._respond(self, kind, sequence)
            if answers is None and kind == Request.HELLO:
                answers = [encode_frame(kind + ANSWER, sequence, b"\0" + IDENTITY)]
            elif answers is None:
                answers = [status_answer(sequence)]
            self._unread.extend(answers)

    def read(self, seconds):
        """The next frame."""
        if self._unread:
            return self._unread.popleft()
        self._now += seconds
        return b""

    def count(self, kind):
        """How many frames of a type were sent."""
        return sum(one == kind for one, _ in self.sent)


def notice(cause, count, sequence):
    """Frames were dropped."""
    return encode_frame(Notice.ERROR, sequence, protocol.ERROR_FORMAT.pack(cause, count))


def status_answer(sequence):
    """So many frames were dropped before."""
    status = protocol.STATUS_FORMAT.pack(0, KNOWN)
    return encode_frame(Request.STATUS + ANSWER, sequence, status)


def image_answer(sequence):
    """An image was decided."""
    return encode_frame(Request.INPUTS + ANSWER, sequence, b"answer")


@pytest.mark.parametrize("late", [(Cause.TYPE, KNOWN), (Cause.CRC, KNOWN + 1)])
def test_a_notice_from_before_the_probe_does_not_say_what_was_taken(late):
    first = []

    def respond(line, kind, sequence):
        if kind == Request.INPUTS:
            first.append(sequence)
            return []  # the answer is late
        if kind == PROBE:
            (taken,) = first
            return [
                notice(*late, taken),
                image_answer(taken),
                notice(Cause.TYPE, KNOWN + 2, taken + 1),
            ]
        return None

    line = WrittenLine(respond)
    answered = Transport(line, 1.0).ask(PendingRequest(Request.INPUTS, b"image", 6, once=True))
    assert answered.answer == b"answer"
    assert line.count(Request.INPUTS) == 1


def test_a_loss_costs_one_probe_and_one_hello():
    images = []

    def respond(line, kind, sequence):
        if kind == Request.INPUTS:
            images.append(sequence)
            lost = len(images) in (2, 3)
            return [notice(Cause.CRC, KNOWN + 1, images[1])] if lost else [image_answer(sequence)]
        if kind == PROBE:
            return [notice(Cause.TYPE, KNOWN + 2, images[1])]
        return None

    line = WrittenLine(respond)
    requests = [PendingRequest(Request.INPUTS, b"image", 6, once=True) for _ in range(3)]
    assert all(one.answer for one in Transport(line, 1.0).ask_all(requests))
    assert line.count(Request.INPUTS) == 5
    assert line.count(PROBE) == 1
    assert line.count(Request.HELLO) == 2


def test_answers_of_another_type_length_or_sequence_are_no_answers():
    tries = []

    def respond(line, kind, sequence):
        if kind == Request.INPUTS:
            tries.append(sequence)
            if len(tries) > 1:
                return [image_answer(sequence)]
            return [
                encode_frame(Request.INPUTS + ANSWER, sequence, b"short"),
                encode_frame(Request.EVENTS + ANSWER, sequence, b"answer"),
                encode_frame(Request.INPUTS + ANSWER, sequence + 1, b"answer"),
                encode_frame(Notice.REFUSED, sequence, b"\x63"),
            ]
        return [notice(Cause.TYPE, KNOWN + 1, tries[0] + 1)] if kind == PROBE else None

    line = WrittenLine(respond)
    assert Transport(line, 1.0).ask(PendingRequest(Request.INPUTS, b"image", 6)).answer == b"answer"
    assert len(tries) == 2


@pytest.mark.parametrize("ahead", [2, 100])
def test_a_board_that_expects_what_was_never_sent_has_been_started_anew(ahead):
    def respond(line, kind, sequence):
        if kind == PROBE:
            (taken,) = (number for one, number in line.sent if one == Request.INPUTS)
            return [notice(Cause.TYPE, KNOWN + 1, taken + ahead)]
        return [] if kind == Request.INPUTS else None

    with pytest.raises(NoAnswerError, match="started anew"):
        Transport(WrittenLine(respond), 1.0).ask(PendingRequest(Request.INPUTS, b"image", 6))


def test_only_the_answer_of_the_latest_hello_counts():
    late = []

    def respond(line, kind, sequence):
        if kind == Request.HELLO:
            late.append(encode_frame(kind + ANSWER, sequence, b"\0" + IDENTITY))
            return []
        if kind == Request.STATUS and line.count(kind) == 1:
            late.append(status_answer(sequence))
            return []
        if kind == Request.STATUS:
            return [*late, status_answer(sequence)]
        return [image_answer(sequence)]

    line = WrittenLine(respond)
    Transport(line, 1.0).ask(PendingRequest(Request.INPUTS, b"image", 6))
    (_, first), (_, second) = (one for one in line.sent if one[0] == Request.HELLO)
    assert line.sent[-1] == (Request.INPUTS, second + 2)
    assert first != second


@pytest.mark.parametrize(
    "odd",
    [IDENTITY[:-1], IDENTITY + b"\0", bytes(len(IDENTITY))],
    ids=["short", "long", "zeros"],
)
def test_an_identity_that_is_wrong_once_is_asked_for_again(odd):
    """The checksum of a damaged frame can be right by chance."""
    answers_left = [odd]

    def respond(line, kind, sequence):
        if kind == Request.HELLO and answers_left:
            return [encode_frame(kind + ANSWER, sequence, b"\0" + answers_left.pop())]
        return None

    line = WrittenLine(respond)
    assert Transport(line, 1).identity.to_bytes() == IDENTITY
    assert line.count(Request.HELLO) == 2


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda sequence: b"ATZ OK\r\n",
        lambda sequence: b"\0" * 9,
        lambda sequence: image_answer(sequence)[:-3] + b"\0",
        lambda sequence: image_answer((sequence + 100) & 0xFF),
        lambda sequence: encode_frame(99, sequence, b"answer"),
        lambda sequence: encode_frame(Request.INPUTS + ANSWER, sequence, b"too long an answer"),
    ],
)
def test_a_board_that_greets_and_then_answers_nonsense_is_soon_given_up(nonsense):
    def respond(line, kind, sequence):
        if line.count(Request.INPUTS) == 0:
            return None
        return [nonsense(sequence)]

    line = WrittenLine(respond)
    transport = Transport(line, timeout=1)
    start = line.now()
    with pytest.raises(
        NoAnswerError, match="has answered, and now sends what is no answer"
    ) as refused:
        list(transport.ask_all([PendingRequest(Request.INPUTS, b"image", len(b"answer"))]))
    assert line.now() - start <= 1 + NONSENSE_TRIES
    assert nonsense(line.sent[-1][1])[-4:].hex(" ") in str(refused.value)
    assert "baud" not in str(refused.value)


def shifted(line, kind, sequence):
    """The answers to HELLO and STATUS, for another sequence."""
    other = WrittenLine(lambda *_: None)
    other.write(encode_frame(kind, (sequence + 1) & 0xFF))
    return list(other._unread)


def one_probe_in_four(line, kind, sequence):
    """A board that greets and does what it gets, but hardly any answer arrives."""
    if kind == PROBE:
        taken = [number for one, number in line.sent if one == Request.INPUTS][-1] + 1
        return [notice(Cause.TYPE, KNOWN + 1, taken)] * (line.count(PROBE) % 4 == 0)
    return [] if kind == Request.INPUTS else None


@pytest.mark.parametrize(
    "respond",
    [
        lambda line, kind, sequence: [encode_frame(kind, sequence)],
        shifted,
        lambda line, kind, sequence: [encode_frame(99, sequence, b"answer"), b"\1\2\3"],
        lambda line, kind, sequence: [] if kind in (PROBE, Request.INPUTS) else None,
        one_probe_in_four,
    ],
    ids=["echo", "shifted", "nonsense", "silent", "lossy"],
)
@pytest.mark.parametrize("once", [False, True])
def test_a_board_that_answers_no_request_is_given_up_within_a_minute(respond, once):
    line = WrittenLine(respond)
    images = [PendingRequest(Request.INPUTS, b"image", len(b"answer"), once) for _ in range(2000)]
    with pytest.raises(NoAnswerError):
        list(Transport(line, timeout=1).ask_all(images))
    assert line.now() <= 57  # a program takes some seconds to start


def test_what_never_was_a_board_is_shown():
    line = WrittenLine(lambda *_: [b"login: "])
    with pytest.raises(NoAnswerError, match=r"6c 6f 67 69 6e 3a 20.*the right baud rate"):
        Transport(line, timeout=1)
    assert line.now() <= NONSENSE_TRIES
