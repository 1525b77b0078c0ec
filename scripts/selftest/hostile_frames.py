# SPDX-License-Identifier: BSD-2-Clause
"""Sends hostile frames to a board on a port, each followed by a valid one, which must be answered.

The frames, and their expected effects, are those of `firstspike check link`; here they use a
physical line. The board counts dropped frames until it answers, so each frame waits for its answer.
"""

from collections.abc import Callable, Iterator

from firstspike.boards.client.channel import Channel
from firstspike.boards.client.errors import NoAnswerError
from firstspike.boards.client.frames import Frame, FrameReader
from firstspike.golden import Network
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    DELIMITER,
    STATUS_FORMAT,
    Identity,
    Notice,
    Request,
    encode_frame,
)
from firstspike.hdl.link.protocol.identity import config_of
from firstspike.sim.benches.link.fuzz import CHANGED, LOST, WRONG, HostileModel, Trial, trials

PATIENCE = 10.0
"""Seconds within which a valid frame must be answered, however long the frames before it are."""


class HarmError(FirstSpikeError):
    """A hostile frame has had an effect; the message describes frame and effect."""


def send_hostile_frames(
    channel: Channel,
    network: Network,
    identity: Identity,
    checksum: int,
    seed: int,
    seconds: float,
    progress: Callable[[int, int], None],
) -> int:
    """Send hostile frames for `seconds` seconds, and return their number.

    `identity` and `checksum` are those that the board reports for itself and for its weights.
    `progress` receives the elapsed and the total seconds. Raises HarmError, and BoardError if the
    board does not answer before the first hostile frame.
    """
    answers = _answers(channel)
    model = HostileModel(network, config_of(identity), identity.capacity + 1, identity.bench_images)
    _greet(channel, answers, model)
    hostile = trials(model, checksum, str(seed), framing=False)
    sent, start = 0, channel.now()
    while (elapsed := channel.now() - start) < seconds:
        progress(int(elapsed), int(seconds))
        trial = next(hostile)
        channel.write(bytes(trial.content) + trial.good)
        sent += 1
        if what := _harm(answers, trial):
            raise HarmError(f"hostile frame {sent}, of the kind {trial.kind!r}: {what}")
    progress(int(seconds), int(seconds))
    return sent


def _answers(channel: Channel) -> Iterator[Frame | None]:
    """Yield the answers of a board, without its notices; None if none arrives in time."""
    reader, waiting = FrameReader(), list[Frame]()
    while True:
        until = channel.now() + PATIENCE
        while not waiting and (left := until - channel.now()) > 0:
            frames = reader.feed(channel.read(left))
            waiting += [one for one in frames if one[0] not in set(Notice)]
        yield waiting.pop(0) if waiting else None


def _greet(channel: Channel, answers: Iterator[Frame | None], model: HostileModel) -> None:
    """Bring the model into the state of the board."""
    until = channel.now() + PATIENCE
    channel.write(DELIMITER + encode_frame(Request.HELLO, 0) + encode_frame(Request.STATUS, 1))
    while channel.now() < until and (answer := next(answers)):
        kind, _, payload = answer
        if kind == Request.STATUS + ANSWER and len(payload) == STATUS_FORMAT.size:
            model.cause, model.dropped = STATUS_FORMAT.unpack(payload)
            model.expected = 2
            return
    raise NoAnswerError(f"the board on {channel.name} answers no longer.")


def _harm(answers: Iterator[Frame | None], trial: Trial) -> str:
    """Return the fault in the answers to the valid frames of a trial; empty without a fault."""
    for expected in trial.answers:
        answer = next(answers)
        if answer is None:
            return LOST
        kind, sequence, payload = answer
        if bytes([kind, sequence]) + payload != expected:
            changed = kind == expected[0] == Request.CHECKSUM + ANSWER
            return CHANGED if changed else WRONG
    return ""
