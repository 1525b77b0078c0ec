# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike selftest`: passes on a good board, and names what is wrong with others."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from random import Random
from types import SimpleNamespace

import pytest
from scipy.io import wavfile

from firstspike.boards.building.motion import MotionDesign
from firstspike.boards.building.sound import SoundDesign
from firstspike.boards.client.channel import SerialPort
from firstspike.boards.client.errors import NoAnswerError
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    COUNTS_FORMAT,
    STATUS_FORMAT,
    Notice,
    Request,
    encode_frame,
)
from firstspike.hdl.link.protocol.identity import DesignProperties, identity_of
from firstspike.hdl.standalone.status import STATUS_REQUEST, Status
from firstspike.scripts.selftest import sensing as sensing_stages
from firstspike.scripts.selftest import stages
from firstspike.scripts.selftest.hostile_frames import _harm, send_hostile_frames
from firstspike.scripts.selftest.report import _checksum, report_of
from firstspike.scripts.selftest.stages import Stage
from firstspike.scripts.verbs.serve import board_verilog
from firstspike.sim.benches.link.fuzz import CHANGED, LOST, WRONG
from firstspike.sim.benches.link.virtual import VirtualBoard
from tests.support.board_model import BoardModel, served
from tests.support.command import firstspike, refusal, success, toy_network
from tests.support.faulty_board import faulty, verilog
from tests.support.listening import RATE, listening_network, sounds
from tests.support.moving import small_network as motion_network
from tests.support.mutants import of_value
from tests.support.simulators import sampled

NETWORK = toy_network()
IDENTITY = identity_of(
    CoreConfig.of(NETWORK.connected(), linked_folding(NETWORK, CoreShape(4))),
    NETWORK,
    DesignProperties(clock_hz=75_000_000),
)
NAMES = ["weights", "digits", "memory", "hostile frames", "learning"]
SENSING = ["answers", "sensor", "lines"]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the network's file, in which the user stands."""
    monkeypatch.chdir(tmp_path)
    NETWORK.save("net.npz")
    return tmp_path


@pytest.fixture
def quick(monkeypatch):
    """Fewer images and seconds than a board gets."""
    for name, value in {"DIGITS": 60, "LESSONS": 40, "HOSTILE_SECONDS": 1.0}.items():
        monkeypatch.setattr(stages, name, value)


@pytest.fixture(scope="module")
def port():
    """The port of a virtual board that learns."""
    with VirtualBoard(verilog("learns")) as board:
        yield board.port


def report():
    """The report that was written."""
    with open("report.json") as file:
        return json.load(file)


def check_failure(ended, stage, message="", names=NAMES):
    """This stage has failed, with this in its sentence, and none after it was run."""
    assert ended.status == 1, ended.err + ended.out
    said = report()["stages"]
    assert [one["name"] for one in said] == names
    (number,) = (at for at, one in enumerate(said) if one["failure"])
    assert names[number] == stage
    assert all(one["figures"] is None for one in said[number:])
    assert not report()["passed"]
    sentence = said[number]["failure"]
    assert message in sentence
    assert sentence in ended.out
    return sentence


def figures():
    """By its name, the figures of each stage."""
    return {stage["name"]: stage["figures"] for stage in report()["stages"]}


@pytest.mark.long
def test_a_board_that_learns_from_events_passes(capfd, desk, quick):
    """Its images arrive at the pace of the line, so golden does not tell their cycles."""
    levels = toy_network("levels-8")
    levels.save("net.npz")
    with VirtualBoard(board_verilog(levels, CoreShape(5), False, 10)) as board:
        success(capfd, "selftest", "net.npz", "--port", board.port)
    assert figures()["learning"]["updated"] > 0


def test_a_good_board_passes(capfd, desk, quick, port):
    ended = success(capfd, "selftest", "net.npz", "--port", port, "--seed", 3)
    said = report()
    assert said["passed"]
    assert (said["board"], said["seed"]) == (None, 3)
    assert said["design"]["network"] == NETWORK.digest()
    assert (said["design"]["learns"], said["design"]["loaded"]) == (True, True)
    of = figures()
    assert of["weights"]["weights"] == 2 * (35 * 12 + 12 * 4)
    assert (of["digits"]["images"], of["digits"]["dropped"]) == (60, 0)
    assert of["hostile frames"]["frames"] > 0
    assert of["learning"]["updated"] > 0
    assert of["memory"] is None
    assert "not in this design" in ended.out
    again = firstspike(capfd, "selftest", "--read", "report.json")
    assert (again.status, again.out) == (0, ended.out)


def test_a_report_says_nothing_of_person_and_computer(capfd, desk, quick, port, monkeypatch):
    link = desk / "of-somebody"
    link.symlink_to(port)

    def refused(selftest):
        raise stages.DifferenceError(f"the board on {link} is of {selftest}")

    monkeypatch.setattr(stages.Selftest, "_hostile_frames", refused)
    ended = firstspike(capfd, "selftest", "net.npz", "--port", link)
    assert check_failure(ended, "hostile frames").startswith("the board on the port is of ")
    text = (desk / "report.json").read_text()
    for private in (str(desk), "/dev", socket.gethostname(), os.uname().release):
        assert private not in text


class Lossy(SerialPort):
    """A port that loses one of some bytes to the board."""

    GAP = 25

    def write(self, sent):
        """Send what is not lost."""
        super().write(bytes(byte for at, byte in enumerate(sent, 1) if at % self.GAP))


class Unplugged(SerialPort):
    """A port that disappears after some bytes, however often it is opened."""

    left = 2600

    def write(self, sent):
        """Send while it is there."""
        Unplugged.left -= len(sent)
        if Unplugged.left < 0:
            raise self._lost_port(OSError())
        super().write(sent)


@pytest.mark.parametrize(
    ("line", "stage", "message"),
    sampled(
        [
            (Unplugged, "digits", "the port has gone"),
            (Lossy, "weights", "too much is lost on the way"),
        ],
        2,
    ),
)
def test_a_bad_line_is_named(capfd, desk, quick, port, monkeypatch, line, stage, message):
    monkeypatch.setattr("firstspike.boards.client.client.SerialPort", line)
    ended = firstspike(capfd, "selftest", "net.npz", "--port", port)
    check_failure(ended, stage, message)
    assert "not reached" in ended.out


ODD_ANSWERS = [
    *[
        ("status", STATUS_FORMAT.pack(cause, 0), "digits", f"cause {cause}")
        for cause in (9, 200, 255)
    ],
    (
        *("play", COUNTS_FORMAT.pack(59, 2, 1000), "memory"),
        "2 differences in class and tick of 59 decisions, of which there should be 60",
    ),
    ("play", COUNTS_FORMAT.pack(60, 0, 0), "memory", "60 decisions in 0 clock cycles"),
    ("play", COUNTS_FORMAT.pack(0, 0, 1000), "memory", "0 decisions in 1000 clock cycles"),
    ("play", COUNTS_FORMAT.pack(60, 0, 1 << 63), "memory", f"in {1 << 63} clock cycles"),
    ("play", COUNTS_FORMAT.pack(60, 0, 1 << 40), "memory", f"in 1 to {(1 << 40) - 1}"),
]


def odd_board(monkeypatch, kind, answer):
    """A board that gives one answer to all requests of a kind."""
    board = BoardModel(NETWORK, bench_images=6)
    monkeypatch.setattr(board, f"_{kind}", lambda payload: answer)
    return served(board)


@pytest.mark.parametrize(("kind", "answer", "stage", "message"), ODD_ANSWERS)
def test_an_answer_that_no_board_gives_is_named(
    capfd, desk, quick, monkeypatch, kind, answer, stage, message
):
    with odd_board(monkeypatch, kind, answer) as port:
        ended = firstspike(capfd, "selftest", "net.npz", "--port", port)
    check_failure(ended, stage, message)
    again = firstspike(capfd, "selftest", "--read", "report.json")
    assert (again.status, again.out) == (1, ended.out)


@pytest.mark.parametrize(("kind", "answer", "stage", "message"), ODD_ANSWERS[4:])
def test_rounds_name_counts_that_no_board_has(
    capfd, desk, monkeypatch, kind, answer, stage, message
):
    (desk / "events").write_text('{"events": [[8, 2], [8, 9]]}')
    with odd_board(monkeypatch, kind, answer) as port:
        words = ("compare", "net.npz", "--input", "events", "--target", "board", "--port", port)
        assert message in refusal(capfd, *words, "--rounds", 10)


FAULTS = {
    "threshold-off-by-one": "digits",
    "learns-without-a-label": "digits",
    "last-pixel-lost": "digits",
    "margin-a-tick-short": "learning",
    "next-word-read": "weights",
    "other-image-played": "memory",
    "checksum-not-checked": "hostile frames",
    "order-not-checked": "hostile frames",
}
FIRST = {stage: fault for fault, stage in reversed(FAULTS.items())}
"""The first fault of each stage; the others are tried before a release."""


@pytest.mark.parametrize(
    ("fault", "stage"),
    [
        pytest.param(
            *each, marks=pytest.mark.long if each[0] in FIRST.values() else pytest.mark.thorough
        )
        for each in FAULTS.items()
    ],
)
def test_a_fault_is_named(capfd, desk, quick, fault, stage):
    content = faulty(fault, "plays" if stage == "memory" else "learns")
    assert content not in (verilog("plays"), verilog("learns"))
    with VirtualBoard(content) as board:
        ended = firstspike(capfd, "selftest", "net.npz", "--port", board.port)
    check_failure(ended, stage)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["learns", "plays"])
def test_the_whole_of_it_takes_a_minute(capfd, desk, kind):
    with VirtualBoard(verilog(kind)) as board:
        begun = time.monotonic()
        ended = firstspike(capfd, "selftest", "net.npz", "--port", board.port)
        seconds = time.monotonic() - begun
    assert ended.status == 0, ended.err + ended.out
    assert seconds <= 60
    of = figures()
    assert of["digits"]["images"] == 1000
    assert (of["memory"] is None) == (kind == "learns")
    assert (of["learning"] is None) == (kind == "plays")


def test_a_report_that_is_not_whole_is_refused(capfd, desk):
    good = json.dumps(report_of(IDENTITY, "ulx3s-12f", 1, [Stage(name) for name in NAMES]))
    for content, told in (
        (good[:-30], "not JSON"),
        (good.replace('"passed": true', '"passed": false'), "it was changed"),
        (good.replace('"seed": 1', '"seed": "1"'), "['seed'] is '1'"),
        (good.replace('"form": 1', '"form": 2'), "['form'] is 2"),
        (good.replace('"hostile frames"', '"frames"'), "'hostile frames'"),
        ("{}", "has no 'form'"),
    ):
        (desk / "report.json").write_text(content)
        said = refusal(capfd, "selftest", "--read", "report.json")
        assert "report.json is no whole report" in said
        assert told in said
    (desk / "report.json").write_text(good)
    ended = success(capfd, "selftest", "--read", "report.json")
    assert "ulx3s-12f" in ended.out


SENSED = [
    Stage("answers", {"seconds": 0.5}),
    Stage("sensor", {"samples": 1, "cycles": 3000, "loudest": 2, "lost": None}),
    Stage("lines", failure="what was that"),
]


@pytest.mark.parametrize("sensor", [None, "pdm"])
def test_a_mutant_of_a_report_is_shown_or_refused(capfd, desk, sensor):
    some = SENSED if sensor else [Stage(name) for name in NAMES]
    good = report_of(IDENTITY, "ulx3s-12f", 1, some, sensor)
    for seed in range(60):
        mutant = of_value(Random(seed), dict(good))
        if isinstance(mutant, dict):  # its checksum is right, as a forger makes it
            mutant.pop("sha256", None)
            with suppress(ValueError, UnicodeError):
                mutant |= {"sha256": _checksum(mutant)}
        (desk / "report.json").write_text(json.dumps(mutant))
        ended = firstspike(capfd, "selftest", "--read", "report.json")
        assert ended.err.count("\n") == (1 if ended.status == 2 else 0)


def test_a_board_for_an_unknown_network_asks_for_its_name(capfd, desk, port):
    assert "does not come with the package: name its file" in refusal(
        capfd, "selftest", "--port", port
    )
    said = refusal(capfd, "selftest", "mnist-4bit", "--port", port)
    assert "is for another network" in said


BUILD = b"a design"
"""The identity of the design that the fake board and the host have."""

CYCLES = 3000
"""Clock cycles per sample of a microphone at the clock of the board."""

SAMPLES = 400
"""Samples from question to question."""


class FakeBoard:
    """A board that answers question n with the bytes `says(n)`."""

    busy = False

    def __init__(self, says):
        self._says, self._asked, self.sent = says, 0, bytearray()

    def receive(self, questions):
        """Take questions; `sent` collects the answers."""
        for byte in questions:
            assert bytes([byte]) == STATUS_REQUEST
            self.sent += self._says(self._asked)
            self._asked += 1


def answer(n, lines=b"", rate=1.0, start=2**32 - 4_000_000, each=SAMPLES, **changes):
    """The answer of a good board to question n, behind `lines`; the cycles pass 2^32."""
    numbers = {
        "cycles": (start + round(n * SAMPLES * CYCLES * rate)) % 2**32,
        "samples": 1 + round(n * each),
        "loudest": 40_000 if n == 0 else 500,  # of the time before the test
        "lost": 0,
    }
    return lines + Status(**({"identity": BUILD} | numbers | changes)).line()


@pytest.fixture
def sensing(desk, monkeypatch):
    """Test what `says` says, as the user does: the status of the verb, and what it printed."""
    networks = {"pdm": listening_network(), "lsm6dso": motion_network()}
    for sensor, network in networks.items():
        network.save(f"{sensor}.npz")
    for kind in (SoundDesign, MotionDesign):
        monkeypatch.setattr(kind, "build_hash", BUILD)
    for name, value in {"PATIENCE": 2.0, "AGAIN": 0.4, "PAUSE": 0.01, "LIMIT": 3.0}.items():
        monkeypatch.setattr(sensing_stages, name, value)

    def run(capfd, says, sensor="pdm", *options):
        words = [f"{sensor}.npz", "--board", "icebreaker", "--sensor", sensor, *options]
        with served(FakeBoard(says)) as port:
            return firstspike(capfd, "selftest", *words, "--port", port)

    return run


def test_a_good_board_that_listens_passes(capfd, desk, sensing):
    said = b"ed\r\nmiddle 38\r\nmicrophone is too loud\r\nlistening\r\n"  # it began before
    ended = sensing(capfd, lambda n: answer(n, said * (n == 0)))
    assert ended.status == 0, ended.err + ended.out
    found = report()
    assert (found["passed"], found["board"], found["sensor"]) == (True, "icebreaker", "pdm")
    assert (found["design"]["clock"], found["design"]["build"]) == (24_000_000, BUILD.hex())
    assert list(figures()) == SENSING
    heard = {"samples": 3 * SAMPLES, "cycles": 3 * SAMPLES * CYCLES, "loudest": 500, "lost": 0}
    assert figures()["sensor"] == heard
    assert figures()["lines"] == {"lines": 3}
    again = firstspike(capfd, "selftest", "--read", "report.json")
    assert (again.status, again.out) == (0, ended.out)


def test_a_board_is_tested_as_it_was_built(capfd, desk, sensing, monkeypatch):
    named = property(lambda design: hashlib.sha256(repr(design.config).encode()).digest()[:8])
    monkeypatch.setattr(SoundDesign, "build_hash", named)
    shape, hz = CoreShape(lanes=(2, 1), window=1), 18_000_000
    built = SoundDesign.of_sound(listening_network(), BOARDS["icebreaker"], shape, hz, "pdm")
    says = lambda n: answer(n, rate=0.752, identity=built.build_hash)  # noqa: E731
    layers = {"lanes": [2, 1], "window": [1, 0], "rows": [1, 1], "overlap": False}
    about = {"board": "icebreaker", "network": listening_network().digest(), "clock": hz}
    about |= {"stored_bits": None, "bench_images": 0, "link": "text", **layers}
    folder = desk / "build" / "pdm-icebreaker"
    folder.mkdir(parents=True)

    def status(*options, **changes):
        (folder / "report.json").write_text(json.dumps(about | changes))
        return sensing(capfd, says, "pdm", *options).status

    assert status() == status("--build", folder) == 0
    for changes in ({"lanes": [1, 1]}, {"window": [0, 0]}, {"clock": 24_000_000}):
        assert status(**changes) == status("--build", folder, **changes) == 1
    for changes in ({"link": "uart"}, {"network": "0" * 64}, {"board": "ulx3s-25f"}, {"rows": 1}):
        assert (status(**changes), status("--build", folder, **changes)) == (1, 2)
    assert status(stored_bits=12) == 2
    words = ["selftest", "pdm.npz", "--sensor", "pdm", "--board", "icebreaker", "--port", "x", "-o"]
    assert "report.json is what --build reads" in refusal(capfd, *words, folder / "report.json")


def test_a_question_that_is_dropped_is_asked_again(capfd, desk, sensing):
    ended = sensing(capfd, lambda n: answer(n) if n % 2 else b"")
    assert ended.status == 0, ended.err + ended.out


@pytest.mark.parametrize(
    ("says", "stage", "message"),
    [
        (lambda n: answer(n, identity=b"of other"), "answers", "has another design, 6f66206f74686"),
        (lambda n: answer(n, samples=1), "sensor", "0 samples have come in 1200000 clock cycles"),
        (lambda n: answer(n, rate=1.003), "sensor", "one should come in 3000"),
        (lambda n: answer(n, rate=0.997), "sensor", "one should come in 3000"),
        (lambda n: answer(n, lost=int(n > 2)), "sensor", "1 samples were lost"),
        (lambda n: answer(n, loudest=0), "sensor", "no sample has a magnitude above 0"),
        (lambda n: answer(n, loudest=1), "sensor", "no sample has a magnitude above 1"),
        (lambda n: answer(n, loudest=32767 if n == 3 else 9), "sensor", "the magnitude 32767"),
        (lambda n: answer(n, start=0, samples=0, each=0), "sensor", "no sample has come in 0.5"),
        (lambda n: answer(n) if n < 3 else b"", "sensor", "answers on the port"),
        (lambda n: answer(0), "sensor", "only 0 samples have come when 3 seconds were over"),
        (lambda n: answer(0, samples=0), "sensor", "only 0 samples have come when 3 seconds"),
        (lambda n: answer(n / SAMPLES), "sensor", "samples have come when 3 seconds were over"),
        (lambda n: answer(n, b"unheard 3\r\n"), "lines", "has said b'unheard 3"),
        (lambda n: answer(n, b"none 3\r\n"), "lines", "has said b'none 3"),
        (lambda n: answer(n, b"middle 61\r\n"), "lines", "has said b'middle 61"),
        (lambda n: answer(n) + answer(n)[7:], "lines", "has said b'612064657369676e cycles"),
    ],
)
def test_what_is_wrong_with_a_board_that_listens_is_named(
    capfd, desk, sensing, says, stage, message
):
    check_failure(sensing(capfd, says), stage, message, SENSING)


class Flood:
    """A port with its own clock, on which good frames come without end."""

    name = "the flood"

    def __init__(self, frame):
        self._frame, self._now = frame, 0.0

    def now(self):
        """Seconds."""
        return self._now

    def write(self, sent):
        """Ignore the host."""

    def read(self, seconds):
        """Another frame, after a millisecond."""
        self._now += 1e-3
        assert self._now < 60, "hostile frames are still sent"
        return self._frame


def test_the_harm_of_a_frame_is_named():
    checksum, status = (Request.CHECKSUM + ANSWER, 1, b"abcd"), (Request.STATUS + ANSWER, 2, b"x")
    trial = SimpleNamespace(answers=[bytes(one[:2]) + one[2] for one in (checksum, status)])
    for answers, harm in (
        ((checksum, status), ""),
        ((None, status), LOST),
        ((checksum, None), LOST),
        (((*checksum[:2], b"abce"), status), CHANGED),
        (((status[0], *checksum[1:]), status), WRONG),
        ((checksum, (*status[:2], b"y")), WRONG),
        ((checksum, (checksum[0], *status[1:])), WRONG),
    ):
        assert _harm(iter(answers), trial) == harm


@pytest.mark.parametrize("kind", [Request.STATUS, Request.STATUS + ANSWER, Notice.ERROR])
def test_hostile_frames_to_a_flooding_board_end(kind):
    channel = Flood(encode_frame(kind, 0, b"whatever"))
    with pytest.raises(NoAnswerError, match="the board on the flood answers no longer"):
        send_hostile_frames(channel, NETWORK, IDENTITY, 0, 1, 10.0, lambda done, total: None)


@pytest.mark.parametrize(
    "says",
    sampled([lambda n: b"", lambda n: b"\x00\x07\xff\x00", lambda n: b"listening\r\n"], 3),
)
def test_a_port_on_which_no_such_board_answers(capfd, desk, sensing, says):
    ended = sensing(capfd, says)
    assert ended.status == 2
    assert ended.err.startswith("Error: no standalone board answers on /dev/")
    assert ended.err.count("\n") == 1
    assert not (desk / "report.json").exists()


@pytest.mark.long
def test_a_board_with_the_link_is_no_such_board(capfd, desk, quick, sensing, port):
    words = ["pdm.npz", "--board", "icebreaker", "--sensor", "pdm", "--port", port]
    said = refusal(capfd, "selftest", *words)
    assert "one with the link is tested without --sensor" in said
    success(capfd, "selftest", "net.npz", "--port", port)


@pytest.mark.parametrize(
    ("rate", "status"),
    [(1, 0), (1.1, 0), (2, 1), pytest.param(0.5, 1, marks=pytest.mark.long)],
)
def test_a_board_that_watches_motion(capfd, desk, sensing, rate, status):
    each = round(24_000_000 / 52 * 10 * rate / (SAMPLES * CYCLES), 6)  # 10 samples
    says = lambda n: answer(n, rate=each, samples=1 + 10 * n, loudest=None, lost=None)  # noqa: E731
    ended = sensing(capfd, says, "lsm6dso")
    assert ended.status == status, ended.err + ended.out
    sensor = figures()["sensor"]
    assert sensor is None if status else (sensor["samples"], sensor["lost"]) == (30, None)


@pytest.mark.long
def test_the_virtual_board_that_listens_passes(capfd, desk):
    listening_network().save("pdm.npz")
    wavfile.write("heard.wav", RATE, sounds(60))
    board = ["pdm.npz", "--board", "icebreaker"]
    served = ["serve", *board, "--input", "heard.wav", "--symlink", "port"]
    code = "from firstspike.scripts.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *served], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as serving:
        try:
            while not (told := serving.stderr.readline()).startswith(b"The UART of the board is "):
                assert told
            assert told.split()[-1].strip(b".").decode() == os.readlink("port")
            ended = firstspike(capfd, "selftest", *board, "--sensor", "pdm", "--port", "port")
        finally:
            serving.terminate()
            said = serving.communicate()[0]
    assert ended.status == 0, ended.err + ended.out
    assert said.startswith(b"loading weights\nlistening\n")
    assert not (desk / "port").is_symlink()
    assert figures()["sensor"]["samples"] >= 1000
