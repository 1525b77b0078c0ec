# SPDX-License-Identifier: BSD-2-Clause
"""A core that keeps taught words in its flash, over several starts."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import ceil
from types import SimpleNamespace
from typing import NamedTuple

import cocotb
import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from firstspike.golden import LearningState, Network, encode, infer
from firstspike.golden.flash import WORD_BYTES, Fault, header_of, image_of, saved_address
from firstspike.golden.learning.teaching import ReplayContent
from firstspike.golden.reporting import is_reported
from firstspike.hdl.core.config import weight_chunks
from firstspike.hdl.flash.loader import REST_SECONDS
from firstspike.hdl.lib.block import tap
from firstspike.hdl.link.framing.uart import BYTE_BITS, MIN_DIVISOR
from firstspike.hdl.standalone.core import LISTENING, LOADING
from firstspike.hdl.standalone.microphone import LEARNING, WAITING
from firstspike.hdl.standalone.saving_core import (
    DAMAGED,
    FORGET,
    FORGETTING,
    NOTICE_SECONDS,
    PROTECTED,
    RESTORED,
    SAVE,
    SAVING,
    SavingCore,
)
from firstspike.hdl.standalone.status import STATUS_REQUEST, Status
from firstspike.hdl.standalone.texts import sentence
from firstspike.sim.benches.flash.fill import fill
from firstspike.sim.benches.flash.model import flash_verilog
from firstspike.sim.benches.standalone.desk import lines_of
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import Dut
from firstspike.sim.harness.taps import tap as watch
from firstspike.sim.harness.verilog import verilog_of
from tests.blocks.test_teachable_core import (
    CLOCK_HZ,
    IDENTITY,
    LANES,
    POLL,
    Pupil,
    TaughtBench,
    Word,
    config_of,
    taught_network,
)
from tests.support.flash_changes import Change, FlashBus
from tests.support.flash_model import spi_flash, stored
from tests.support.flashed_bench import TextSink
from tests.support.flashed_run import statuses_of

TOP = "keeper"
REGION = 0x2000

BYTE_CYCLES = BYTE_BITS * MIN_DIVISOR

HEADER_BYTES = len(header_of(IDENTITY, 0))

NOTICE_CYCLES = round(NOTICE_SECONDS * CLOCK_HZ)

QUIET = 2 * NOTICE_CYCLES
"""Cycles without text after which no line follows."""

WAITING_CYCLES = 200_000
"""Cycles in which a request begins: a word is learned, or all passes end."""

Action = Word | bytes
"""A word that is spoken, or a byte that the board receives."""


class Keeper(Pupil):
    """A Pupil with a SavingCore, and its flash."""

    _core_ports = ("learned",)

    def __init__(self, network: Network, content: ReplayContent, lanes: int) -> None:
        super().__init__(
            network,
            content,
            lanes,
            partial(SavingCore, region=REGION),
            filled=In(tap(address=24, data=8)),
            stored=Out(8),
            locked=In(1),
            saving=Out(1),
            usable=Out(1),
            fault=Out(Fault),
            written=Out(tap(layer=8, address=24, data=32)),
            **{name: Out(1) for name in ("cs", "sck", "mosi", "accepts")},
        )

    def build(self, m: Module) -> None:
        """Put into the module m what is inside."""
        super().build(m)
        board, core = self.core, self.core._core
        weights, rest = core.weights, ceil(REST_SECONDS * CLOCK_HZ)
        m.submodules.flash = spi_flash(
            self.filled, board, rest, locked=self.locked, stored=self.stored
        )
        m.d.comb += [
            self.saving.eq(board._saver.busy),
            self.accepts.eq(core.events.valid & core.events.ready),
            self.usable.eq(board._usable),
            self.fault.eq(board._image_loader.fault),
            self.written.valid.eq(weights.valid & weights.ready & weights.payload.write),
            *(
                getattr(self.written, name).eq(getattr(weights.payload, name))
                for name in ("layer", "address", "data")
            ),
            *(getattr(self, name).eq(getattr(board, name)) for name in ("cs", "sck", "mosi")),
        ]


class Session(NamedTuple):
    """Text, flash and images of a board from a start on."""

    text: bytes
    content: bytes
    """The content of the flash, from the address of the image on."""
    images: int
    """Number of images that were decided or learned."""
    during: int
    """Number of words whose pixels were accepted during a change of the flash."""
    changes: list[Change]
    """The changes of the flash."""
    asked: list[int]
    """The cycle after the reset in which each request for the status was sent."""

    def status(self) -> tuple[Status, int]:
        """Return the status, and the cycles between its request and its cycle."""
        ((status,), _), (asked,) = statuses_of(self.text), self.asked
        return status, status.cycles - asked


class Home:
    """A network, its replay memory, and a compiled simulation of a Keeper."""

    def __init__(self) -> None:
        # Ticks of three digits, which a decision's line converts to decimal digits.
        self.network = replace(taught_network(), unit=24, deadline=150)
        rng = np.random.default_rng(7)
        pictures = rng.integers(0, 256, (12, self.network.n_features)).astype(np.uint8)
        self.content = ReplayContent(pictures[:3], np.array([0, 3, 1]), 2)
        self.pictures = pictures[3:]
        self._config = config_of(self.network, LANES)
        self.words = self._config.layers[-1].words
        """Number of words of weights of the last layer."""
        keeper = Keeper(self.network, self.content, LANES)
        self.simulation = Simulation(verilog_of(keeper, TOP) + flash_verilog(), TOP)

    def image(self, state: LearningState) -> bytes:
        """Return the saved image of a state."""
        chunks = weight_chunks(self._config, self.network, state.stored)
        last = len(self._config.layers) - 1
        words = [data.to_bytes(WORD_BYTES, "big") for layer, _, data in chunks if layer == last]
        return image_of(IDENTITY, b"".join(words))

    def start(
        self, flash: bytes, actions: Sequence[Action], *, locked: bool = False, seed: int = 1
    ) -> Session:
        """Start a board with this image in its flash."""
        arguments = SimpleNamespace(
            flash=flash, actions=actions, locked=locked, pauses=True, size=len(self.trained)
        )
        return Session(*self.simulation.run(__name__, arguments, "keeps", seed))

    @property
    def trained(self) -> bytes:
        """The saved image of the trained weights."""
        return self.image(self.content.teacher(self.network).state)

    def decided(self, network: Network, pictures: np.ndarray) -> list[bytes]:
        """Return the lines of isolated words."""
        results = infer(network, encode(network, pictures))
        reported = is_reported(network, results, np.full(len(pictures), 1, bool))
        return list(lines_of(network, results, reported))


@pytest.fixture(scope="module")
def home():
    """Return a Home, whose simulation is compiled once."""
    return Home()


CONDITIONS = [
    sentence(one)
    for one in (LOADING, RESTORED, LISTENING, WAITING, LEARNING, SAVING, FORGETTING, PROTECTED)
]


def conditions_of(text: bytes) -> list[str]:
    """Return the conditions of a text, in order."""
    lines = text.splitlines(keepends=True)
    return [line.decode().strip() for line in lines if line in [*CONDITIONS, sentence(DAMAGED)]]


def decisions_of(text: bytes) -> list[bytes]:
    """Return the lines of a text that are neither conditions nor statuses."""
    _, other_lines = statuses_of(text)
    return [line for line in other_lines.splitlines(keepends=True) if line not in CONDITIONS]


def test_saved_words_are_there_at_the_next_start(home, seed):
    """Taught words are saved and forgotten; each later start begins with golden's weights."""
    words = [Word(picture) for picture in home.pictures]
    teacher = home.content.teacher(home.network)
    taught = [Word(home.pictures[0], label=2), Word(home.pictures[1], label=1)]
    for word in taught:
        teacher.teach(encode(home.network, word.pixels[None])[0], word.label)
    learned = home.image(teacher.state)
    assert learned != home.trained
    before, after = (home.decided(one, home.pictures) for one in (home.network, teacher.network))
    assert before != after
    assert before
    assert after

    # The second word is saved, too: the request arrives during its passes. Then a word is spoken
    # during the save.
    first = home.start(b"", [*taught, SAVE, *words, STATUS_REQUEST], seed=seed)
    status, delay = first.status()
    assert status == Status(IDENTITY, status.cycles, 0, taught=len(taught))
    longest = max(map(len, first.text.splitlines(keepends=True)))
    assert 0 < delay < longest * BYTE_CYCLES  # a status waits for the end of a line
    assert first.content == learned
    assert first.during == 1
    assert decisions_of(first.text) == after
    learning = [WAITING, LEARNING] * len(taught)
    assert conditions_of(first.text) == [
        *(LOADING, LISTENING, *learning, LISTENING, SAVING, LISTENING)
    ]

    second = home.start(learned, [STATUS_REQUEST, *words, SAVE, FORGET, *words], seed=seed)
    status, delay = second.status()
    assert status == Status(IDENTITY, status.cycles, 0, taught=0)
    assert BYTE_CYCLES <= delay < BYTE_CYCLES + MIN_DIVISOR
    assert conditions_of(second.text) == [
        *(LOADING, RESTORED, LISTENING, SAVING, FORGETTING, LISTENING)
    ]
    assert decisions_of(second.text) == after * 2
    assert second.content == bytes(HEADER_BYTES) + learned[HEADER_BYTES:]

    third = home.start(second.content, [*words, SAVE, *words], seed=seed)
    assert conditions_of(third.text) == [LOADING, LISTENING, SAVING, LISTENING]
    assert decisions_of(third.text) == before * 2
    assert third.content == home.trained


@pytest.mark.long
def test_a_damaged_image_is_never_used(home, seed):
    """The board decides, learns and saves nothing; it forgets the image on request."""
    damaged = bytearray(home.trained)
    damaged[-1] ^= 1
    words = [Word(picture) for picture in home.pictures[:2]]
    session = home.start(bytes(damaged), [STATUS_REQUEST, SAVE, *words], seed=seed)
    assert session.content == damaged
    assert session.images == 0
    assert conditions_of(session.text) == [LOADING, DAMAGED]
    session = home.start(bytes(damaged), [FORGET, *words], seed=seed)
    assert session.content == bytes(HEADER_BYTES) + damaged[HEADER_BYTES:]
    assert session.images == 0
    assert conditions_of(session.text) == [LOADING, DAMAGED, FORGETTING]


@pytest.mark.long
def test_a_protected_flash_is_reported(home, seed):
    words = [Word(picture) for picture in home.pictures]
    for request in (SAVE, FORGET):
        session = home.start(home.trained, [request, *words], locked=True, seed=seed)
        assert session.content == home.trained
        assert decisions_of(session.text) == home.decided(home.network, home.pictures)
        found = conditions_of(session.text)
        found.remove(SAVING if request == SAVE else FORGETTING)
        assert found == [LOADING, RESTORED, LISTENING, PROTECTED, LISTENING]


def example(seed: int = 1) -> None:
    """Save, forget, and start; also from a damaged image, and with a protected flash."""
    home = Home()
    test_saved_words_are_there_at_the_next_start(home, seed)
    test_a_damaged_image_is_never_used(home, seed)
    test_a_protected_flash_is_reported(home, seed)


@cocotb.test()
async def keeps(dut):
    """A start, and all actions."""
    bench = await KeeperBench(dut).start()
    begin = saved_address(REGION)
    dut.locked.value = int(bench.arguments.locked)
    await bench.act()
    size = max(bench.arguments.size, len(bench.arguments.flash))
    content = await stored(dut, bench.domain, range(begin, begin + size))
    images = len(bench.decisions) + len(bench.learned)
    report((bench.text.content, content, images, bench.during, bench.bus.changes, bench.asked))


class KeeperText(TextSink):
    """Keeps the text, and when the board last said that it listens."""

    listens = 0

    def take(self, cycle: int, payload: int) -> None:
        """Keep a byte."""
        super().take(cycle, payload)
        if self.content.endswith(sentence(LISTENING)):
            self.listens = cycle


class KeeperBench(TaughtBench):
    """The ports of a Keeper."""

    text_kind = KeeperText

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.bus = FlashBus(dut, self.domain, rest=1)
        self.during = 0
        self.asked: list[int] = []
        self._started = self._busy_until = 0
        self.drive(locked=0, filled__valid=0)

    async def restart(self, content: bytes) -> None:
        """Fill the flash from the address of the image on, and start the board."""
        dut, domain, begin = self.dut, self.domain, saved_address(REGION)
        await domain.after_rising()
        dut.rst.value = 1
        await domain.rising
        await fill(dut, domain, {begin + at: byte for at, byte in enumerate(content)})
        dut.rst.value = 0
        self._started = domain.cycle

    async def act(self) -> None:
        """Start the board, and act."""
        await self.restart(self.arguments.flash)
        self.text.content = b""
        self.bus.start()
        cocotb.start_soon(watch(self.domain, self.dut.saving, self._check_gate))
        await self.finish(QUIET)
        for action in self.arguments.actions:
            if action == STATUS_REQUEST:
                await self.requests.send(*action)
                self.asked.append(self.domain.cycle - self._started)
            elif isinstance(action, bytes):
                await self.requests.send(*action)
                await self._begin()
            elif LISTENING.encode() in self.text.content:
                await self.speak(action)
                self.during += bool(self.dut.saving.value)
        await self.finish(QUIET)
        if self._busy_until and self.text.listens:
            held = self.text.listens - self._busy_until
            assert NOTICE_CYCLES < held < 2 * NOTICE_CYCLES, f"a notice is held for {held} cycles"

    async def _begin(self) -> None:
        """Wait until the flash is used; a request that is ignored does not use it."""
        for _ in range(WAITING_CYCLES // POLL):
            if self.dut.saving.value:
                return
            await self.domain.cycles(POLL)

    def _check_gate(self) -> None:
        self._busy_until = self.domain.cycle
        assert not self.dut.accepts.value, "an event is accepted during a save"
