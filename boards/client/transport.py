# SPDX-License-Identifier: BSD-2-Clause
"""Sends requests and receives answers: keeps a line busy with flow control, and repairs losses.

Many requests are under way at a time, so that neither the line nor the board waits for the answers,
which a USB bridge may hold back for 16 ms.

    requests > [ waiting ] --frames--> line --> board
    answers in their order <-- [ under way ] <--frames-- line

The board accepts requests only in the order of their sequence numbers, without a gap, and answers
in order. A loss shows in one of three ways:

- an answer to a later request arrives: the earlier ones were done and their answers are lost;
- the board reports a dropped frame: a request is lost, and so are all after it;
- nothing arrives.

The last two cases need a *probe*. The host sends a frame without a type, which the board drops. The
board's notice contains the expected sequence number, and so shows which requests it has accepted. A
probe changes nothing, so it can be repeated until the notice arrives. Then HELLO is a barrier: its
answer follows those of all accepted requests. STATUS, directly after it, returns the number of
dropped frames, which identifies late notices. Requests that were not accepted are sent again; so
are requests with a lost answer, unless they must not be repeated.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    DELIMITER,
    ERROR_FORMAT,
    PROBE,
    STATUS_FORMAT,
    Cause,
    Identity,
    Notice,
    Request,
    encode_frame,
)

from .channel import Channel
from .errors import BoardError, MismatchError, NoAnswerError
from .frames import FrameReader
from .request import PendingRequest

MAX_PENDING = 200
"""Largest number of requests under way; fewer than there are sequence numbers."""

HELLOS = 32
"""Number of sequence numbers that HELLO cycles through: more than can be under way."""

LATE = 128
"""Sequence number above which an iterator begins with a new HELLO. `_repair` explains why."""

TRIES = 10
"""Largest number of probes or HELLOs; each wait is twice the one before, up to `LONGEST_WAIT`."""

LONGEST_WAIT = 8
"""Longest wait for one answer, in time-outs."""

PATIENCE = 55
"""Longest wait for a request in time-outs, while a board may be busy: with a time-out of a second,
a program gives up within a minute of its start."""

FIRST_TRIES = 3
"""Largest number of tries before the first frame: the device may not be a FirstSpike board."""

NONSENSE_TRIES = 5
"""Consecutive tries that receive bytes but no answer, during which the wait does not grow."""

SHOWN = 16
"""Number of received bytes that an error shows."""

SETBACKS = 20
"""Consecutive repairs without any answer, after which the client gives up."""


class Transport:
    """The host's end of a line. Raises BoardError.

    `timeout`: seconds without an answer after which a loss is assumed. The repair detects a board
    that is only slow, and waits for it (see `TRIES`).
    """

    identity: Identity
    """The identification of the board, which a Transport requests first."""

    def __init__(self, channel: Channel, timeout: float) -> None:
        self._channel = channel
        self._timeout = timeout
        self._reader = FrameReader()
        self._pending: deque[PendingRequest] = deque()  # with the sequence numbers before `_next`
        self._again: deque[PendingRequest] = deque()
        self._next = 0
        self._hello = random.randrange(HELLOS)  # unlikely that of an earlier program
        self._in_step = True  # nothing is under way, and the board expects `_next`
        self._iterator: object = None  # the active one
        self._expected: int | None = None  # sequence number in the notice of a probe
        self._greeting: bytes | None = None  # answer to the latest HELLO
        self._count: int | None = None  # dropped frames by the STATUS after it
        self._known = 0  # the same at the latest barrier
        self._dropped = False  # the board has reported a dropped frame
        self._answered = 0
        self._setbacks = 0  # repairs since the latest answer
        self._waited = 0.0  # seconds since the latest answer
        self._late = MAX_PENDING  # possible late answers, initially to an earlier program
        self._understood = 0  # frames of a FirstSpike board
        self._latest_bytes = b""  # latest bytes
        self._met = False  # whether any frame has arrived
        self._barrier()

    def ask(self, request: PendingRequest) -> PendingRequest:
        """Send one request and wait for its answer."""
        (answered,) = self.ask_all([request])
        return answered

    def ask_all(self, requests: Iterable[PendingRequest]) -> Iterator[PendingRequest]:
        """Send requests as fast as the board accepts them; yield them in order when they are done.

        Only one such iterator can be active. If it is left before its end, the requests already
        sent are done nevertheless.
        """
        ours = self._iterator = object()
        self._late += len(self._pending)
        self._pending.clear()
        self._again.clear()
        self._waited = 0.0
        goes_on = self._in_step and self._next <= LATE
        self._in_step = False
        if not goes_on:  # an iterator was long, was left before its end, or raised
            self._barrier()
        source = iter(requests)
        following = next(source, None)
        order: deque[PendingRequest] = deque()
        while True:
            frames = b""
            while request := self._again[0] if self._again else following:
                if not self._fits(request):
                    break
                if self._again:
                    self._again.popleft()
                else:
                    order.append(request)
                    following = next(source, None)
                frames += encode_frame(request.kind, self._next, request.payload)
                self._next = (self._next + 1) & 0xFF
                self._pending.append(request)
            if frames:
                self._channel.write(frames)
            while order and order[0].done:
                yield order.popleft()
                if self._iterator is not ours:
                    raise BoardError("ask for something else only when all answers are fetched.")
            if self._pending:
                self._await_answers()
            elif not order and following is None:
                self._in_step = True
                return

    def _fits(self, request: PendingRequest) -> bool:
        """Whether the board has room for one more request."""
        identity = self.identity
        if len(request.payload) > identity.max_payload or request.cost > identity.capacity:
            raise MismatchError(
                f"a request of {len(request.payload)} bytes is asked for: this board takes up to "
                f"{identity.max_payload}."
            )
        used = sum(one.cost for one in self._pending)
        return len(self._pending) < MAX_PENDING and used + request.cost <= identity.capacity

    def _await_answers(self) -> None:
        """Wait until a request under way is answered; repair losses."""
        before, until = self._answered, self._channel.now() + self._timeout
        while not self._dropped and self._answered == before and self._listen(until):
            pass
        if self._answered == before:
            self._repair()

    def _repair(self) -> None:
        """Synchronise with the board, and queue requests again that it has not accepted.

        A board that expects 0 has restarted, or sequence number 0 itself was lost. The latter needs
        some 200 requests without a pause, and then the error is unnecessary but harmless.
        """
        self._setbacks += 1
        if self._setbacks > SETBACKS:
            raise NoAnswerError(
                f"too much is lost on the way to the board on {self._channel.name} and back: try a "
                "better cable, or another port of the computer."
            )
        expected = self._probe()
        unanswered = len(self._pending)
        accepted = (expected - (self._next - unanswered)) & 0xFF
        if expected == 0 or accepted > unanswered:
            raise NoAnswerError(
                f"the board on {self._channel.name} has been started anew meanwhile: load its "
                "weights and begin again."
            )
        missed = [self._pending.pop() for _ in range(unanswered - accepted)]
        self._next = expected
        self._barrier()
        self._lose(len(self._pending))
        self._again.extendleft(missed)

    def _probe(self) -> int:
        """Return the sequence number that the board expects, without changing its state."""
        self._expected = None
        return self._insist(
            lambda: DELIMITER + encode_frame(PROBE, 0), answer=lambda: self._expected
        )

    def _barrier(self) -> None:
        """Wait until all accepted requests are done; then both sides are synchronised."""
        try:
            self.identity = self._identified()
        except MismatchError:  # one of 65,536 damaged frames has the right checksum by chance
            self.identity = self._identified()

    def _identified(self) -> Identity:
        """Greet the board until it answers; return its identification."""
        self._known = self._insist(self._greet, answer=lambda: self._count)
        self._next = self._hello + 2
        self._late = 0  # answers come in order
        self._dropped = False
        assert self._greeting is not None  # it arrives before the count
        try:
            identity = Identity.from_bytes(self._greeting[1:])
        except ValueError as error:
            raise MismatchError(f"{self._channel.name}: {error}.") from None
        if getattr(self, "identity", identity) != identity:
            raise MismatchError(
                f"the board on {self._channel.name} has another bitstream than before: "
                "open it anew."
            )
        return identity

    def _greet(self) -> bytes:
        """Return HELLO with a new sequence, and STATUS: only the latest answer is a barrier."""
        self._hello = (self._hello + 1) % HELLOS
        self._greeting = self._count = None
        hello = encode_frame(Request.HELLO, self._hello)
        return DELIMITER + hello + encode_frame(Request.STATUS, self._hello + 1)

    def _insist(self, frames: Callable[[], bytes], answer: Callable[[], int | None]) -> int:
        """Send frames until there is an answer; return the answer."""
        tries = nonsense = 0
        while tries < (TRIES if self._met else FIRST_TRIES) and nonsense < NONSENSE_TRIES:
            left = PATIENCE * self._timeout - self._waited
            if left <= 0:
                break
            until = self._channel.now() + min(self._timeout * min(1 << tries, LONGEST_WAIT), left)
            self._channel.write(frames())
            understood, is_active = self._understood, False
            while (reply := answer()) is None and self._listen(until):
                is_active = True
            if reply is not None:
                return reply
            if is_active and understood == self._understood:
                nonsense += 1
            else:
                tries, nonsense = tries + 1, 0
        if self._met and nonsense:
            raise NoAnswerError(
                f"the board on {self._channel.name} has answered, and now sends what is no answer "
                f"({self._latest_bytes.hex(' ')}): start it anew, and see that no other "
                "program uses it."
            )
        if self._latest_bytes:
            raise NoAnswerError(
                f"what comes from {self._channel.name} is no answer of a FirstSpike board "
                f"({self._latest_bytes.hex(' ')}): is it the right port, and the right baud rate?"
            )
        raise NoAnswerError(
            f"there is no answer on {self._channel.name}: is it a FirstSpike board, with its "
            "bitstream loaded?"
        )

    def _listen(self, until: float) -> bool:
        """Process the next bytes; return False if none arrive in time."""
        start = self._channel.now()
        received = self._channel.read(until - start) if until > start else b""
        self._waited += self._channel.now() - start
        self._latest_bytes = (self._latest_bytes + received)[-SHOWN:]
        for frame in self._reader.feed(received):
            self._met = True
            self._take(*frame)
        return bool(received)

    def _take(self, kind: int, sequence: int, payload: bytes) -> None:
        """Process a valid frame; ignore frames that nothing waits for."""
        if kind == Notice.ERROR and len(payload) == ERROR_FORMAT.size:
            cause, count = ERROR_FORMAT.unpack(payload)
            self._understood += 1
            new = 0 < (count - self._known) & 0xFFFF < 1 << 15
            if not new and sequence:  # from before the latest HELLO; a restarted board expects 0
                return
            if cause == Cause.TYPE:
                self._expected = sequence
            else:
                self._dropped = True
        elif kind == Request.HELLO + ANSWER and sequence == self._hello:
            self._understood += 1
            self._greeting = payload
        elif kind == Request.STATUS + ANSWER and self._greets(sequence, payload):
            _, self._count = STATUS_FORMAT.unpack(payload)
        else:
            at = (sequence - (self._next - len(self._pending))) & 0xFF
            if at < len(self._pending) and self._pending[at].take(kind, payload):
                self._lose(at)
                self._pending.popleft()
                self._answered += 1
                self._understood += 1
                self._setbacks, self._waited = 0, 0.0
            elif self._late:
                self._late -= 1
                self._understood += 1

    def _greets(self, sequence: int, payload: bytes) -> bool:
        """Whether a status is the second answer that `_barrier` waits for."""
        waiting = self._greeting is not None and self._count is None
        return waiting and sequence == self._hello + 1 and len(payload) == STATUS_FORMAT.size

    def _lose(self, count: int) -> None:
        """Mark the first `count` requests under way as done, with their answers lost."""
        for _ in range(count):
            request = self._pending.popleft()
            if request.once:
                request.done = True
            else:
                self._again.append(request)
