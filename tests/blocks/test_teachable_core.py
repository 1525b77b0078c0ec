# SPDX-License-Identifier: BSD-2-Clause
"""A core that is taught words: pictures and lessons in, learned weights, decisions and text out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import NamedTuple, Self

import cocotb
import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden import LearningState, Network, Results, Teacher, differences, encode, learn
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.learning.teaching import PASSES, SETTINGS, ReplayContent
from firstspike.golden.reporting import is_reported
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig, weight_chunks, weights_from_chunks
from firstspike.hdl.core.levels_encoder import PIXEL_BITS, LevelsEncoder
from firstspike.hdl.core.ports import CoreSignature, decision_layout
from firstspike.hdl.lib.block import Block, join, tap
from firstspike.hdl.link.framing.uart import (
    BYTE_BITS,
    MIN_DIVISOR,
    RECEIVED,
    UartReceiver,
    UartTransmitter,
)
from firstspike.hdl.sound.replay_memory import ReplayMemory
from firstspike.hdl.standalone.core import BAUD
from firstspike.hdl.standalone.counts import counted_layout
from firstspike.hdl.standalone.microphone import LEARNING, WAITING
from firstspike.hdl.standalone.status import OF_TEACHING, STATUS_REQUEST, Status
from firstspike.hdl.standalone.teachable_core import LESSONS, TeachableCore, lesson_byte
from firstspike.sim.benches.core.items import read_requests, requests
from firstspike.sim.benches.core.outcome import CoreOutcome, answers_of, results_of
from firstspike.sim.benches.standalone.desk import lines_of
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.runner import Simulation, SimulationError
from firstspike.sim.harness.streams import BlockBench, Dut, StreamSink, at_random
from firstspike.sim.harness.taps import tap as watch
from tests.support.flashed_bench import TextSink
from tests.support.flashed_run import statuses_of
from tests.support.listening import listening_network
from tests.support.simulators import refused

IDENTITY = b"a pupil."
CLOCK_HZ = MIN_DIVISOR * BAUD

LANES = 3

PATIENCE = 100_000
"""Cycles in which at least one image is learned or decided."""

POLL = 100
"""Cycles between two checks of what the bench waits for."""

STEP = 5_000
"""Cycles without text and without an image after which the board is idle."""


class Word(NamedTuple):
    """A word that is spoken to the board."""

    pixels: np.ndarray
    """Its picture, uint8 [n_pixels]."""
    isolated: bool = True
    label: int | None = None
    """The class of the lesson before it."""
    waits: bool = True
    """Whether the speaker waits until the board is not learning."""


def config_of(network: Network, lanes: int) -> CoreConfig:
    """Return the configuration of a core that is taught words."""
    folding = Folding.of(network, CoreShape(lanes))
    return CoreConfig.of(network, folding, stored_bits=MAX_STORED_BITS, last_layer=True)


class PictureSensor(Block):
    """A sensor whose pins are a stream of pictures, with the parts of a TeachableListener."""

    faults = (WAITING, LEARNING)
    _of_memory = ("words", "isolated", "lesson", "labels", "learning")

    def __init__(self, network: Network, content: ReplayContent) -> None:
        self._memory = ReplayMemory(content, network.shape[-1])
        self._encoder = LevelsEncoder(network)
        members = self._memory.signature.members
        super().__init__(
            **{name: members[name] for name in self._of_memory},
            events=self._encoder.signature.members["events"],
            reportable=Out(1),
            fault=Out(range(3)),
            counted=Out(counted_layout(*OF_TEACHING)),
            counters_sampled=In(1),
        )

    def build(self, m: Module) -> None:
        """Put into the module m what is inside."""
        m.submodules.memory, m.submodules.encoder = memory, encoder = self._memory, self._encoder
        outside = wiring.flipped(self)
        join(m, outside, memory, *self._of_memory, "reportable")
        join(m, outside, encoder, "events")
        m.d.comb += self.counted.taught.eq(memory.count)
        wiring.connect(m, memory.pictures, encoder.pixels)
        with m.If(memory.learning):
            m.d.comb += self.fault.eq(2)
        with m.Elif(memory.waiting):
            m.d.comb += self.fault.eq(1)


class Pupil(Block):
    """A TeachableCore with a PictureSensor, bytes on both lines, and views into its Core."""

    _core_ports: tuple[str, ...] = ("weights", "weights_read", "learned")

    def __init__(
        self,
        network: Network,
        content: ReplayContent,
        lanes: int,
        make: Callable[..., TeachableCore] = TeachableCore,
        **ports: wiring.Member,
    ) -> None:
        config = config_of(network, lanes)
        sensor = PictureSensor(network, content)
        state = LearningState.of(network, MAX_STORED_BITS, last_layer=True)
        self.core = make(
            config, network, sensor, clock_hz=CLOCK_HZ, identity=IDENTITY, weights=state.stored
        )
        members = CoreSignature(config).members
        super().__init__(
            words=In(stream.Signature(PIXEL_BITS)),
            isolated=In(1),
            requests=In(stream.Signature(8)),
            text=Out(stream.Signature(RECEIVED)),
            condition=Out(range(3)),
            **{name: members[name] for name in self._core_ports},
            label=Out(tap(what=members["labels"].signature.members["payload"].shape)),
            decision=Out(tap(what=decision_layout(config.layers[-1]))),
            **ports,
        )

    def build(self, m: Module) -> None:
        """Put into the module m what is inside."""
        m.submodules.board = board = self.core
        m.submodules.receiver = receiver = UartReceiver(MIN_DIVISOR)
        m.submodules.transmitter = transmitter = UartTransmitter(MIN_DIVISOR)
        core, outside = board._core, wiring.flipped(self)
        join(m, outside, board, "words", "isolated")
        join(m, outside, core, *self._core_ports)
        wiring.connect(m, outside.requests, transmitter.sent)
        m.d.comb += [
            receiver.rx.eq(board.tx),
            board.rx.eq(transmitter.tx),
            self.text.valid.eq(receiver.received.valid),
            self.text.payload.eq(receiver.received.payload),
            self.condition.eq(board._sensor.fault),
            self.label.valid.eq(core.labels.valid & core.labels.ready),
            self.label.what.eq(core.labels.payload),
            self.decision.valid.eq(core.decision.valid & core.decision.ready),
            self.decision.what.eq(core.decision.payload),
        ]


def teach_on_rtl(
    network: Network,
    content: ReplayContent,
    words: Sequence[Word],
    lanes: int,
    pauses: bool,
    seed: int = 1,
) -> Results:
    """Speak words to a Pupil, and compare all that it learns, decides and says with golden.

    Returns the results of golden for all images, those of the passes included. Raises
    SimulationError at the first difference.
    """
    config = config_of(network, lanes)
    state = content.teacher(network).state
    chunks = list(weight_chunks(config, network, state.stored))
    arguments = SimpleNamespace(
        words=words, reads=requests(config, read_requests(chunks)).tolist(), pauses=pauses
    )
    pupil = Pupil(network, content, lanes)
    outcome = Simulation.of(pupil).run(__name__, arguments, "teaches", seed)
    learns, decisions, learned, answers, text = outcome
    ticks, labels, isolated, teacher = expected_images(network, content, words, learns)
    expected = learn(state, ticks, labels, SETTINGS, trace=True)
    if not np.array_equal(state.weights[0], teacher.state.weights[0]):
        raise SimulationError("the passes learn other weights than the Teacher.")
    outcome = CoreOutcome(
        decisions=list(enumerate(decisions)),
        answers=answers,
        logs=[],
        learned=[(number, *one) for number, one in enumerate(learned)],
    )
    run = results_of(config, outcome, len(ticks))
    run = replace(run, weights=weights_from_chunks(config, answers_of(outcome)[:, 0]))
    for difference in differences(expected, run):
        raise SimulationError(str(difference))
    reported = is_reported(network, expected, isolated)
    lines = list(lines_of(network, expected, reported))
    conditions = [f"{one}\r\n".encode() for one in ("listening", WAITING, LEARNING)]
    (status,), text = statuses_of(text)
    if status != Status(IDENTITY, status.cycles, 0, taught=teacher.count):
        raise SimulationError(f"{teacher.count} words are taught, and the status is {status}.")
    spoken = [line for line in text.splitlines(keepends=True) if line not in conditions]
    if spoken != lines:
        raise SimulationError(f"the text is {spoken}, expected {lines}.")
    if text.count(conditions[-1]) != teacher.count:
        raise SimulationError(f"{teacher.count} words are taught, and the text is {text!r}.")
    return expected


def expected_images(
    network: Network, content: ReplayContent, words: Sequence[Word], learns: Sequence[bool]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Teacher]:
    """Return ticks [n, n_rows], labels [n], and isolated [n] of all images, and the Teacher.

    `learns` are the images that the board learned: words may come between pictures of a pass.
    """
    teacher, count = content.teacher(network), 0
    spoken: list[Word] = []
    passes: list[tuple[np.ndarray, int]] = []
    lesson = None
    for word in words:
        lesson = lesson if word.label is None else word.label
        if lesson is None or not (word.isolated and word.waits):
            spoken.append(word)
            continue
        teacher.teach(encode(network, word.pixels[None])[0], lesson)
        passes += list(zip(*teacher.memory, strict=True)) * PASSES
        lesson, count = None, count + 1
    if (learns.count(1), learns.count(0)) != (len(passes), len(spoken)):
        raise SimulationError(
            f"the board learned {learns.count(1)} pictures and decided {learns.count(0)} words, "
            f"expected {len(passes)} and {len(spoken)}."
        )
    replayed, others = iter(passes), iter(spoken)
    images = []
    for learns_it in learns:
        if learns_it:
            images.append((*next(replayed), False))
        else:
            word = next(others)
            images.append((encode(network, word.pixels[None])[0], UNLABELLED, word.isolated))
    ticks, labels, isolated = map(np.array, zip(*images, strict=True))
    return ticks, labels, isolated, teacher


def taught_network() -> Network:
    """Return the network of small pictures, with rather random decisions."""
    return listening_network()


@pytest.mark.long
def test_a_board_learns_words_as_the_teacher_does(seed):
    """More words than the memory holds; others come before, between and during the passes."""
    network = taught_network()
    rng = np.random.default_rng(seed)

    def picture() -> np.ndarray:
        return rng.integers(0, 256, network.n_features).astype(np.uint8)

    content = ReplayContent(np.array([picture() for _ in range(3)]), np.array([0, 3, 1]), 2)
    words = [Word(picture()), Word(picture(), isolated=False)]
    for number in range(4):
        words += [
            Word(picture(), label=number % network.shape[-1]),
            Word(picture(), waits=False),
            Word(picture(), isolated=False, label=(number + 1) % 4, waits=False),
            Word(picture(), isolated=False),
            Word(picture()),
            *(Word(picture()) for _ in range(4)),
        ]
    expected = teach_on_rtl(network, content, words, LANES, pauses=True, seed=seed)
    assert expected.updated is not None
    assert 0 < expected.updated.sum() < len(expected.updated)


def test_more_classes_than_lessons_are_refused():
    classes = len(LESSONS) + 1
    network = network_of([np.ones((4, classes), np.int32)], [1])
    refused(
        lambda: TeachableCore(None, network, None, clock_hz=1, identity=b"", weights=()),
        "the network has 37 classes: a lesson is for one of at most 36",
    )


example = partial(test_a_board_learns_words_as_the_teacher_does, seed=1)


@cocotb.test()
async def teaches(dut):
    """Word after word; then the weights are read."""
    bench = await PupilBench(dut).start()
    for word in bench.arguments.words:
        await bench.speak(word)
    report(await bench.outcome())


class TaughtBench(BlockBench):
    """The ports of a Pupil, except those of its weights."""

    text_kind = TextSink

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self._words = self.source("words", willing=self.pauses(1))
        self.requests = self.source("requests")
        self.text = self.sink("text", kind=self.text_kind)
        self.labels: list[int] = []
        self.decisions: list[int] = []
        self.learned: list[tuple[int, int]] = []
        self.drive(isolated=0)

    def pauses(self, number: int) -> Iterator[bool] | None:
        """Return the willingness of a source."""
        return at_random(number) if self.arguments.pauses else None

    async def start(self) -> Self:
        """Start the clock and the views."""
        dut = self.dut
        taps = {
            dut.label__valid: lambda: self.labels.append(int(dut.label__what.value) & 1),
            dut.decision__valid: lambda: self.decisions.append(int(dut.decision__what.value)),
            dut.learned__valid: lambda: self.learned.append(
                (int(dut.learned__updated.value), int(dut.learned__cycles.value))
            ),
        }
        await super().start()
        for valid, callback in taps.items():
            cocotb.start_soon(watch(self.domain, valid, callback))
        return self

    async def speak(self, word: Word) -> None:
        """Send a lesson, wait for the end of passes, and send the pixels."""
        if word.label is not None:
            await self.requests.send(*lesson_byte(word.label))
            await self.domain.cycles(2 * BYTE_BITS * MIN_DIVISOR)
        if word.waits:
            await self.until(lambda: int(self.dut.condition.value) != 2)
        await self.domain.after_rising()
        self.drive(isolated=word.isolated)
        sending = cocotb.start_soon(self._words.send(*word.pixels.tolist()))
        await self.until(sending.done)

    def count(self) -> int:
        """Return a number that grows while the board works."""
        return len(self.learned)

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until `met`, while images are learned or decided."""
        progress, cycle = -1, self.domain.cycle
        while not met():
            if self.count() != progress:
                progress, cycle = self.count(), self.domain.cycle
            assert self.domain.cycle < cycle + PATIENCE, "no image ends"
            await self.domain.cycles(POLL)

    async def finish(self, quiet: int = STEP) -> None:
        """Wait until the board is idle, and has sent no text for a number of cycles."""
        count = -1
        while count != len(self.learned) or self.domain.cycle < self.text.cycle + quiet:
            count = len(self.learned)
            await self.domain.cycles(STEP)


class PupilBench(TaughtBench):
    """The ports of a Pupil."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self._weights = self.source("weights", willing=self.pauses(2))
        self._answers = self.sink("weights_read", kind=StreamSink)

    def count(self) -> int:
        """Return a number that grows while the board works."""
        return super().count() + len(self._answers.received)

    async def outcome(self) -> tuple:
        """Wait until the board is idle, and read the weights; return all that came out."""
        await self.until(lambda: not self.dut.condition.value)
        await self.requests.send(*STATUS_REQUEST)
        await self.finish()
        reads = self.arguments.reads
        await self._weights.send(*reads)
        await self.until(lambda: len(self._answers.received) == len(reads))
        answers = [payload for _, payload in self._answers.received]
        return self.labels, self.decisions, self.learned, answers, self.text.content
