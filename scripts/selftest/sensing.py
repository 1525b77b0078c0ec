# SPDX-License-Identifier: BSD-2-Clause
"""The stages for a standalone board: the test queries its status twice or more.

    STATUS_REQUEST -> line of text -> board -> line of text -> Status, or a condition or decision

Times are those of the clock cycles that the board counts, so a simulated board behaves like a
physical one.
"""

import re
import time
from typing import Any, NamedTuple

from firstspike.boards.building.sound import SoundDesign
from firstspike.boards.building.standalone import StandaloneDesign
from firstspike.boards.client.channel import Channel
from firstspike.boards.client.errors import MismatchError, NoAnswerError
from firstspike.golden.front_ends import motion_of
from firstspike.golden.sound.filters import SAMPLE_BITS
from firstspike.hdl.standalone.core import FAULTS, LISTENING, LOADING
from firstspike.hdl.standalone.microphone import MicrophoneSensor
from firstspike.hdl.standalone.motion import MotionSensor
from firstspike.hdl.standalone.status import STATUS_REQUEST, WIDTHS, Status
from firstspike.hdl.standalone.texts import decision_line, decision_text, sentence
from firstspike.scripts.targets.target import Progress, Work

from .stages import DifferenceError, Stage, in_order, since

PATIENCE = 30.0
"""Seconds within which the board must answer: a simulated board on a busy machine is slow."""

AGAIN = 10.0
"""Seconds after which the query is repeated. A board drops a query while it answers another one."""

PAUSE = 0.25
"""Seconds between an answer and the next query."""

LIMIT = 60.0
"""Largest duration of a self-test in seconds, from its first query on."""

LOADED_SECONDS = 0.5
"""Time on the board's clock in which weights are loaded, and the sensor produces a sample."""

QUIETEST = 1
"""Magnitude of a sample whose bits are all 1, or all 0, on the line of an I2S microphone."""

LOUDEST = (1 << SAMPLE_BITS - 1) - 1
"""Magnitude from which on a sample may be saturated."""


class Pace(NamedTuple):
    """The expected rate of a sensor's samples."""

    cycles: float
    """Clock cycles per sample."""
    error: float
    """Largest relative error of the rate."""
    samples: int
    """Smallest number of samples that are watched."""


def pace_of(design: StandaloneDesign) -> Pace:
    """Return the pace of a design's sensor.

    The design generates the clock of a microphone. An LSM6DSO has its own clock, whose error is
    small compared with that of a wrong setting, a factor of two.
    """
    if isinstance(design, SoundDesign):
        return Pace(design.microphone.cycles, 0, 1000)
    return Pace(design.hz / motion_of(design.network).rate, 0.25, 25)


class Conversation:
    """Queries the status of a board on a channel, and collects all other lines as `other_lines`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._partial_line = b""  # a line without its end
        self._first = True  # the next line may have begun before the channel was open
        self.other_lines: list[bytes] = []

    def ask(self, patience: float) -> Status:
        """Return the answer to a query, which must arrive within `patience` seconds.

        Raises NoAnswerError and PortError.
        """
        until = self._channel.now() + patience
        while (asked_at := self._channel.now()) < until:
            self._channel.write(STATUS_REQUEST)
            while (left := min(asked_at + AGAIN, until) - self._channel.now()) > 0:
                if (status := self._listen(left)) is not None:
                    return status
        raise NoAnswerError(
            f"no standalone board answers on {self._channel.name}: see that it is the "
            "port of its UART, and that the board was built by this version with --sensor (one "
            "with the link is tested without --sensor)."
        )

    def _listen(self, seconds: float) -> Status | None:
        """Process received bytes, and return the latest status in them."""
        status = None
        *lines, self._partial_line = (self._partial_line + self._channel.read(seconds)).split(b"\n")
        for line in lines:
            try:
                status = Status.of_line(line)
            except ValueError:
                if not self._first:
                    self.other_lines.append(line + b"\n")
            self._first = False
        return status


class SensingSelftest:
    """The stages for a board on a channel, which was built as `design`.

    `identity` is the identification that the board reports for its design. `progress` receives the
    number of samples that have arrived, and the required number. Raises BoardError if no board
    answers.
    """

    def __init__(self, design: StandaloneDesign, channel: Channel, progress: Progress) -> None:
        self._design, self._channel, self._progress = design, channel, progress
        self._conversation = Conversation(channel)
        self._until = channel.now() + LIMIT
        start = time.monotonic()
        self.identity = self._conversation.ask(PATIENCE).identity
        self._seconds = since(start)

    def stages(self) -> list[Stage]:
        """Run the stages in their order, up to one that fails."""
        runs = {"answers": self._answers, "sensor": self._sensor, "lines": self._lines}
        return in_order(runs, self._channel.name)

    def _answers(self) -> dict[str, Any]:
        """Check that the design is the expected one."""
        identity = self._design.build_hash
        if self.identity != identity:
            raise MismatchError(
                f"the board has another design, {self.identity.hex()}, and not {identity.hex()}: "
                "give the network and --sensor with which it was built, and its folder by --build."
            )
        return {"seconds": self._seconds}

    def _sensor(self) -> dict[str, Any]:
        """Check that samples arrive at the expected rate, and are valid."""
        pace, first, loudest = pace_of(self._design), self._first_sample(), 0
        samples = 0
        while samples < pace.samples:
            self._progress(Work.SENSING, samples, pace.samples)
            status = self._ask_again(samples)
            cycles, samples = (_increase(name, first, status) for name in ("cycles", "samples"))
            least, most = ((samples + one) * pace.cycles for one in (-1, 1))
            if not least * (1 - pace.error) <= cycles <= most * (1 + pace.error):
                raise DifferenceError(
                    f"{samples} samples have come in {cycles} clock cycles: one should come in "
                    f"{pace.cycles:.0f}"
                )
            loudest = max(loudest, status.loudest or 0)
        self._progress(Work.SENSING, pace.samples, pace.samples)
        microphone: dict[str, int | None] = {"loudest": None, "lost": None}
        if status.lost is not None:
            _check_microphone(loudest, status.lost)
            microphone = {"loudest": loudest, "lost": status.lost}
        return {"samples": samples, "cycles": cycles, **microphone}

    def _first_sample(self) -> Status:
        """Return the first status with a sample; weights may be loaded before it."""
        first = status = self._ask_again(0)
        while not status.samples:
            if _increase("cycles", first, status) > LOADED_SECONDS * self._design.hz:
                raise DifferenceError(
                    f"no sample has come in {LOADED_SECONDS:g} seconds: press reset and see what "
                    "the board says; if the flash has no network, run firstspike flash"
                )
            status = self._ask_again(0)
        return status

    def _ask_again(self, samples: int) -> Status:
        """Return the next status. Raises DifferenceError if the self-test would take too long."""
        time.sleep(PAUSE)
        left = self._until - self._channel.now()
        try:
            if left > 0:
                return self._conversation.ask(min(left, PATIENCE))
        except NoAnswerError:
            if left > PATIENCE:
                raise
        raise DifferenceError(
            f"only {samples} samples have come when {LIMIT:g} seconds were over: press reset, and "
            "see whether samples and cycles of the status go on"
        )

    def _lines(self) -> dict[str, Any]:
        """Check that all other lines are valid output of the design."""
        lines = self._conversation.other_lines
        for line in lines:
            if not is_valid_line(self._design, line):
                raise DifferenceError(f"the board has said {line!r:.80}, which it cannot say")
        return {"lines": len(lines)}


def is_valid_line(design: StandaloneDesign, line: bytes) -> bool:
    """Return whether a line with its end is a condition or a decision of the design."""
    kind = MicrophoneSensor if isinstance(design, SoundDesign) else MotionSensor
    if line in map(sentence, (LOADING, *FAULTS.values(), LISTENING, *kind.faults)):
        return True
    tick = re.search(rb" ([0-9]{1,9})\r\n$", line)
    network = design.network
    if tick is None or int(tick[1]) > network.deadline:
        return False
    words = range(network.shape[-1] - (network.sound is not None))  # the last class is not a word
    texts = (decision_text(network.class_name(number), network.deadline) for number in words)
    return any(decision_line(text, int(tick[1])) == line for text in texts)


def _increase(name: str, first: Status, then: Status) -> int:
    """Return the increase of a number of the status."""
    return (getattr(then, name) - getattr(first, name)) % (1 << WIDTHS[name])


def _check_microphone(loudest: int, lost: int) -> None:
    """Raise DifferenceError if the samples of a microphone are invalid."""
    if lost:
        raise DifferenceError(
            f"{lost} samples were lost, for the core was too slow: build with more --lanes"
        )
    if loudest <= QUIETEST:
        raise DifferenceError(
            f"no sample has a magnitude above {loudest}: check the wires of the microphone"
        )
    if loudest >= LOUDEST:
        raise DifferenceError(
            f"a sample has the magnitude {loudest}, the end of the range: check the wires of the "
            "microphone, or test it where it is less loud"
        )
