# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike selftest`: passes on a good board, and names what is wrong with others."""

import json
import os
import socket
import time
from contextlib import suppress
from random import Random

import pytest

from firstspike.boards.client.channel import SerialPort
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.identity import Facts, identity_of
from firstspike.scripts.selftest import stages
from firstspike.scripts.selftest.report import _checksum, report_of
from firstspike.scripts.selftest.stages import Stage
from firstspike.sim.benches.link.virtual import VirtualBoard
from tests.support.command import firstspike, refusal, toy_network
from tests.support.faulty_board import faulty, verilog
from tests.support.mutants import of_value

NETWORK = toy_network()
IDENTITY = identity_of(
    CoreConfig.of(NETWORK.connected(), linked_folding(NETWORK, CoreShape(4))),
    NETWORK,
    Facts(clock_hz=75_000_000),
)
NAMES = ["weights", "digits", "memory", "hostile frames", "learning"]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the network's file, in which the user stands."""
    monkeypatch.chdir(tmp_path)
    NETWORK.save("net.npz")
    return tmp_path


@pytest.fixture
def quick(monkeypatch):
    """Fewer images and seconds than a board gets."""
    for name, value in {"DIGITS": 60, "LESSONS": 40, "SIEGE_SECONDS": 1.0}.items():
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


def failure():
    """The stage that has failed, and the sentence of it; none after it was run."""
    said = report()["stages"]
    assert [stage["name"] for stage in said] == NAMES
    (number,) = (at for at, stage in enumerate(said) if stage["failure"])
    assert all(stage["figures"] is None for stage in said[number:])
    assert not report()["passed"]
    return NAMES[number], said[number]["failure"]


def test_a_good_board_passes(capfd, desk, quick, port):
    ended = firstspike(capfd, "selftest", "net.npz", "--port", port, "--seed", 3)
    assert ended.status == 0, ended.err + ended.out
    said = report()
    assert said["passed"]
    assert (said["board"], said["seed"]) == (None, 3)
    assert said["design"]["network"] == NETWORK.digest()
    assert (said["design"]["learns"], said["design"]["loaded"]) == (True, True)
    figures = {stage["name"]: stage["figures"] for stage in said["stages"]}
    assert figures["weights"]["weights"] == 2 * (35 * 12 + 12 * 4)
    assert (figures["digits"]["images"], figures["digits"]["dropped"]) == (60, 0)
    assert figures["hostile frames"]["frames"] > 0
    assert figures["learning"]["updated"] > 0
    assert figures["memory"] is None
    assert "not in this design" in ended.out
    again = firstspike(capfd, "selftest", "--read", "report.json")
    assert (again.status, again.out) == (0, ended.out)


def test_a_report_says_nothing_of_person_and_computer(capfd, desk, quick, port, monkeypatch):
    link = desk / "of-somebody"
    link.symlink_to(port)

    def refused(selftest):
        raise stages.DifferenceError(f"the board on {link} is of {selftest}")

    monkeypatch.setattr(stages.Selftest, "_hostile_frames", refused)
    assert firstspike(capfd, "selftest", "net.npz", "--port", link).status == 1
    stage, told = failure()
    assert stage == "hostile frames"
    assert told.startswith("the board on the port is of ")
    text = (desk / "report.json").read_text()
    for private in (str(desk), "/dev", socket.gethostname(), os.uname().release):
        assert private not in text


class Lossy(SerialPort):
    """A port on which one byte of so many to the board is lost."""

    GAP = 25

    def write(self, sent):
        """Send what is not lost."""
        super().write(bytes(byte for at, byte in enumerate(sent, 1) if at % self.GAP))


class Unplugged(SerialPort):
    """A port that is gone after so many bytes, however often it is opened."""

    left = 2600

    def write(self, sent):
        """Send while it is there."""
        Unplugged.left -= len(sent)
        if Unplugged.left < 0:
            raise self._gone(OSError())
        super().write(sent)


@pytest.mark.parametrize(
    ("line", "stage", "told"),
    [(Lossy, "weights", "too much is lost on the way"), (Unplugged, "digits", "the port has gone")],
)
def test_a_bad_line_is_named(capfd, desk, quick, port, monkeypatch, line, stage, told):
    monkeypatch.setattr("firstspike.boards.client.client.SerialPort", line)
    ended = firstspike(capfd, "selftest", "net.npz", "--port", port)
    assert ended.status == 1
    found, sentence = failure()
    assert found == stage
    assert told in sentence
    assert sentence in ended.out
    assert "not reached" in ended.out


CORE_FAULTS = {
    "threshold-off-by-one": "digits",
    "learns-without-a-label": "digits",
    "last-pixel-lost": "digits",
    "margin-a-tick-short": "learning",
}
LINK_FAULTS = {
    "next-word-read": "weights",
    "other-image-played": "memory",
    "checksum-not-checked": "hostile frames",
    "order-not-checked": "hostile frames",
}


@pytest.mark.long
@pytest.mark.parametrize(("fault", "stage"), (CORE_FAULTS | LINK_FAULTS).items())
def test_a_fault_is_named(capfd, desk, quick, fault, stage):
    content = faulty(fault, "plays" if stage == "memory" else "learns")
    assert content not in (verilog("plays"), verilog("learns"))
    with VirtualBoard(content) as board:
        ended = firstspike(capfd, "selftest", "net.npz", "--port", board.port)
    assert ended.status == 1, ended.err + ended.out
    found, sentence = failure()
    assert found == stage
    assert sentence in ended.out


@pytest.mark.long
@pytest.mark.parametrize("kind", ["learns", "plays"])
def test_the_whole_of_it_takes_a_minute(capfd, desk, kind):
    with VirtualBoard(verilog(kind)) as board:
        begun = time.monotonic()
        ended = firstspike(capfd, "selftest", "net.npz", "--port", board.port)
        seconds = time.monotonic() - begun
    assert ended.status == 0, ended.err + ended.out
    assert seconds <= 60
    figures = {stage["name"]: stage["figures"] for stage in report()["stages"]}
    assert figures["digits"]["images"] == 1000
    assert (figures["memory"] is None) == (kind == "learns")
    assert (figures["learning"] is None) == (kind == "plays")


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
    ended = firstspike(capfd, "selftest", "--read", "report.json")
    assert ended.status == 0
    assert "ulx3s-12f" in ended.out


def test_a_mutant_of_a_report_is_shown_or_refused(capfd, desk):
    good = report_of(IDENTITY, "ulx3s-12f", 1, [Stage(name) for name in NAMES])
    for seed in range(60):
        mutant = of_value(Random(seed), dict(good))
        if isinstance(mutant, dict):  # its checksum is right, as a forger makes it
            mutant.pop("sha256", None)
            with suppress(ValueError, UnicodeError):
                mutant |= {"sha256": _checksum(mutant)}
        (desk / "report.json").write_text(json.dumps(mutant))
        ended = firstspike(capfd, "selftest", "--read", "report.json")
        assert ended.err.count("\n") == (1 if ended.status == 2 else 0)


def test_options_that_do_not_go_together(capfd, desk):
    for words, told in (
        ((), "Give --port"),
        (("--read", "report.json", "--port", "x"), "--read goes with no other option"),
        (("--port", "none"), "there is no port none"),
    ):
        ended = firstspike(capfd, "selftest", *words)
        assert ended.status == 2
        assert told in ended.err
    assert not (desk / "report.json").exists()


def test_a_board_for_an_unknown_network_asks_for_its_name(capfd, desk, port):
    assert "does not come with the package: name its file" in refusal(
        capfd, "selftest", "--port", port
    )
    said = refusal(capfd, "selftest", "mnist-4bit", "--port", port)
    assert "is for another network" in said
