# SPDX-License-Identifier: BSD-2-Clause
"""A board that is taught words, from microphone and UART to its text: RTL and netlist."""

import json
import re
import time
from collections.abc import Mapping
from threading import Thread

import numpy as np
import pytest
from amaranth.build import Platform
from amaranth.hdl import Elaboratable, Module
from scipy.io import wavfile

from firstspike.boards.building.teaching import TeachableDesign
from firstspike.boards.pins.board import connect_configuration_flash
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import NetworkError, encode, infer
from firstspike.golden.front_ends import sound_of
from firstspike.golden.learning.teaching import ReplayContent
from firstspike.golden.reporting import is_reported
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flash.spi import WIRES
from firstspike.hdl.flow.toolchain import run_tool
from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.protocol.formats import BUILD_BYTES
from firstspike.hdl.standalone.core import LISTENING
from firstspike.hdl.standalone.microphone import LEARNING, WAITING
from firstspike.hdl.standalone.status import STATUS_REQUEST
from firstspike.hdl.standalone.teachable_core import lesson_byte
from firstspike.hdl.standalone.texts import sentence
from firstspike.sim.benches.standalone.around import startup_text
from firstspike.sim.benches.standalone.desk import Desk, lines_of
from firstspike.sim.benches.standalone.tape import CHUNK
from tests.support.command import firstspike
from tests.support.desk import netlist_desk, rtl_desk
from tests.support.flashed_run import statuses_of
from tests.support.listening import listening_network, sounds
from tests.support.netlists import synthesise
from tests.support.simulators import refused, sampled

SLOW = 12_000_000
"""Hz: a board has the same samples at its own clock, in twice the cycles."""


@pytest.fixture(scope="module")
def design():
    """The design of a small network for the Colorlight i5."""
    network = listening_network()
    rng = np.random.default_rng(1)
    references = rng.integers(0, 256, (3, network.n_features)).astype(np.uint8)
    content = ReplayContent(references, np.array([0, 3, 1]), 2)
    return TeachableDesign.of_teaching(network, BOARDS["colorlight-i5"], CoreShape(), content, SLOW)


def taught_text(
    design: TeachableDesign, desk: Desk, x: np.ndarray, lessons: Mapping[int, int]
) -> tuple[dict[int, bytes], bytes, int]:
    """Return the requests and the text of a board that hears samples x, and its taught words.

    `lessons` are classes by the number of the word before which they come.
    """
    network, content, microphone = design.network, design.content, design.microphone
    front = microphone.hears(sound_of(network))
    levels = front.levels(desk.received_samples(x))
    words = [word for word in front.words(levels) if word.slot * front.slot < len(x)]
    assert max(lessons) < len(words)
    teacher, lesson, requests, end = content.teacher(network), None, {}, 0
    lines = [startup_text(design.has_flash)]
    for number, word in enumerate(words):
        if number in lessons:
            lines += [sentence(WAITING)] * (lesson is None)
            lesson = lessons[number]
            begin = (end + word.slot + front.window) // 2 * front.slot  # between two decisions
            chunk = begin * microphone.bits_per_sample // CHUNK
            requests[chunk] = lesson_byte(lesson)
        end = word.slot + front.window
        ticks = encode(network, front.picture(levels, word).reshape(1, -1))
        if lesson is not None and word.isolated:
            teacher.teach(ticks[0], lesson)
            lesson = None
            lines += [sentence(LEARNING), sentence(LISTENING)]
        else:
            results = infer(teacher.network, ticks)
            reported = is_reported(network, results, np.array([word.isolated]))
            lines += lines_of(network, results, reported)
    return requests, b"".join(lines), teacher.count


def assert_taught(design: TeachableDesign, desk: Desk, count: int, step: int) -> int:
    """Teach a board words among `count` sounds, and return how many, as its status says.

    Some words are not isolated; then a lesson waits, and the next one replaces it.
    """
    x = sounds(count)
    lessons = {0: 0, 1: 2} | {number: number % 4 for number in range(3, count - 8, step)}
    requests, text, words = taught_text(design, desk, x, lessons)
    assert text.splitlines()[-1] != desk.expected(x).splitlines()[-1]  # the same word
    end = len(desk.received_samples(x)) * desk.microphone.bits_per_sample // CHUNK - 100
    (status,), other_lines = statuses_of(desk.run(x, requests=requests | {end: STATUS_REQUEST}))
    assert other_lines == text
    assert status.taught == words
    return words


@pytest.mark.long
@pytest.mark.parametrize(("count", "step", "taught"), [(8, 7, 2), (56, 1, 20)])
def test_rtl_is_taught_words(design, count, step, taught):
    assert assert_taught(design, rtl_desk(design), count, step) >= taught


@pytest.mark.thorough
def test_the_netlist_is_taught_words(design, tmp_path):
    synthesise(design, tmp_path)
    desk = netlist_desk(design.network, tmp_path)
    assert assert_taught(design, desk, count=56, step=1) >= 20


@pytest.mark.long
def test_serve_is_taught_a_word(design, capfd, tmp_path, monkeypatch):
    """The class is written to the port as soon as there is one."""
    monkeypatch.setattr("firstspike.scripts.teaching.teachable_design", lambda *_: design)
    design.network.save(tmp_path / "net.npz")
    front, port = sound_of(design.network), tmp_path / "port"
    parts = [np.zeros(front.rate // 10, np.int16), sounds(3)]
    files = [tmp_path / "silence.wav", tmp_path / "words.wav"]
    for file, part in zip(files, parts, strict=True):
        wavfile.write(file, front.rate, part)

    def write() -> None:
        while not port.exists():
            time.sleep(0.1)
        port.write_bytes(lesson_byte(2))

    Thread(target=write, daemon=True).start()  # it ends with the tests if there is never a port
    words = ("--board", design.board.name, "--input", *files, "--teach", "--symlink", port)
    ended = firstspike(capfd, "serve", tmp_path / "net.npz", *words)
    _, text, count = taught_text(design, rtl_desk(design), front.joined(parts), {0: 2})
    assert count == 1
    # The lesson comes before or after the first `listening`, or in its place.
    others = [line for line in text.decode().splitlines() if line != LISTENING]
    assert [line for line in ended.out.splitlines() if line != LISTENING] == others


class FlashMaster(Block):
    """A master that drives the wires of a flash."""

    def __init__(self) -> None:
        super().__init__(**WIRES)

    def build(self, m: Module) -> None:
        """Put into the module m what is inside."""
        m.d.sync += [self.sck.eq(~self.sck), self.cs.eq(self.miso), self.mosi.eq(~self.miso)]


class FlashTop(Elaboratable):
    """A design that only drives a flash."""

    def elaborate(self, platform: Platform) -> Module:
        """Return a FlashMaster at the pins of the platform."""
        m = Module()
        m.submodules.master = master = FlashMaster()
        connect_configuration_flash(m, platform, master)
        return m


@pytest.mark.parametrize(
    "board", sampled([name for name in BOARDS if BOARDS[name].saved_region], 2)
)
def test_the_clock_of_the_flash_survives_synthesis(board, tmp_path):
    """Yosys removes a cell without an output, unless it is kept."""
    plan = BOARDS[board].platform().prepare(FlashTop(), "flash")
    (tmp_path / "flash.il").write_text(plan.files["flash.il"])
    script = "read_rtlil flash.il; synth_ecp5 -top flash -json flash.json"
    run_tool("yosys", ["-q", "-p", script], tmp_path)
    cells = json.loads((tmp_path / "flash.json").read_text())["modules"]["flash"]["cells"]
    assert cells["flash_sck"]["type"] == "USRMCLK"
    assert {"R2", "W2", "V2"} <= set(re.findall(r'SITE "(\w+)"', plan.files["flash.lpf"]))


def test_boards_without_a_known_flash_save_nothing(design):
    arguments = design.network, BOARDS["ulx3s-45f"], CoreShape(), design.content
    other = TeachableDesign.of_teaching(*arguments)
    for one, saves in ((design, True), (other, False)):
        assert one.has_flash == saves
        text = one.plan(bytes(BUILD_BYTES)).files["firstspike.il"]
        assert ("USRMCLK" in text) == saves
        assert ("saver" in text) == saves


def test_boards_and_pictures_that_cannot_be_taught(design):
    network, content = design.network, design.content
    refused(
        lambda: TeachableDesign.of_teaching(network, BOARDS["icebreaker"], CoreShape(), content),
        "as learning does: build for an ECP5",
        NetworkError,
    )
    less = ReplayContent(content.references[:, 1:], content.labels, 1)
    other = TeachableDesign.of_teaching(network, design.board, CoreShape(), less)
    refused(lambda: other.core(bytes(8)), "has 8 pixels: a picture of this network has 9")
