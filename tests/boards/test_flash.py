# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike flash`: with programmers that are scripts, and with the real ones without a board."""

import json
import shutil

import pytest

from firstspike.boards.building.bitstream import fingerprint
from firstspike.boards.families.registry import FACTS
from firstspike.boards.pins.registry import BOARDS
from tests.support.command import firstspike, success
from tests.support.tools import PROGRAMMERS, leave_out

pytestmark = pytest.mark.fast

ANY_FAMILY = b"".join(facts.preamble for facts in FACTS.values())
"""The head of a file that passes for a bitstream of each family."""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty folder to work in, and nothing on the PATH but what `programmer` puts there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "some.bit").write_bytes(ANY_FAMILY)
    return tmp_path


def programmer(desk, name, *, output="", status=0, appends=False):
    """A script that writes down its arguments, says something and ends."""
    into = ">>" if appends else ">"
    script = desk / "bin" / name
    script.write_text(
        f'#!/bin/sh\necho "$0 $@" {into} {desk}/called\n'
        f"/bin/cat <<END >&2\n{output}\nEND\nexit {status}\n"
    )
    script.chmod(0o755)


def built(desk, name, board, suffix=".bit"):
    """A build's folder."""
    folder = desk / "build" / f"{name}-{board}"
    folder.mkdir(parents=True)
    bitstream = folder / f"firstspike{suffix}"
    bitstream.write_bytes(b"bits")
    report = {
        "board": board,
        "device": BOARDS[board].device.name,
        "network": "0123456789abcdef",
        "bitstream": fingerprint(bitstream),
    }
    (folder / "report.json").write_text(json.dumps(report))
    return bitstream


def reporting(**changed):
    """Return a function that changes these fields of a build's report."""

    def spoil(bitstream):
        path = bitstream.with_name("report.json")
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    return spoil


@pytest.mark.parametrize("board", BOARDS)
def test_the_boards_own_programmer_gets_the_bitstream(desk, capfd, board):
    for number, (tool, *words) in enumerate(BOARDS[board].programmers):
        programmer(desk, tool)
        ended = success(capfd, "flash", "--board", board, "some.bit")
        first = BOARDS[board].programmers[0]
        expected = " ".join(first) if number == 0 else " ".join([tool, *words])
        assert (desk / "called").read_text() == f"{desk}/bin/{expected} {desk}/some.bit\n"
        assert f"programmed by {tool}" in ended.out
        (desk / "--help").write_bytes(ANY_FAMILY)  # a file with the name of an option
        success(capfd, "flash", "--board", board, "--", "--help")
        assert (desk / "called").read_text().endswith(f" {desk}/--help\n")
        (desk / "bin" / tool).unlink()


def test_without_a_name_the_bitstream_is_that_of_the_build(desk, capfd):
    programmer(desk, "openFPGALoader")
    built(desk, "mnist-4bit", "ulx3s-25f")
    ours = built(desk, "mnist-4bit", "ulx3s-85f")
    success(capfd, "flash", "--board", "ulx3s-85f")
    assert str(ours) in (desk / "called").read_text()
    built(desk, "mnist-8bit", "ulx3s-85f")
    assert "several" in refusal_of(capfd, "ulx3s-85f")
    assert "firstspike build mnist-4bit --board icebreaker" in refusal_of(capfd, "icebreaker")


def test_the_bitstream_of_the_release_is_taken(desk, capfd, monkeypatch):
    programmer(desk, "openFPGALoader")
    monkeypatch.setattr("firstspike.boards.building.programmer.RELEASED", desk / "release")
    assert "has no bitstream for the ULX3S 12F" in refusal_of(capfd, "ulx3s-12f", "released")
    built(desk, "mnist-4bit", "ulx3s-12f")
    (desk / "build" / "mnist-4bit-ulx3s-12f").rename(desk / "ulx3s-12f")
    (desk / "release").mkdir()
    (desk / "ulx3s-12f").rename(desk / "release" / "ulx3s-12f")
    success(capfd, "flash", "--board", "ulx3s-12f", "released")
    assert str(desk / "release" / "ulx3s-12f" / "firstspike.bit") in (desk / "called").read_text()


def refusal_of(capfd, board, *words):
    """The last line of a refusal: its sentence."""
    ended = firstspike(capfd, "flash", "--board", board, *words, status=2)
    assert ended.out == ""
    return ended.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda bitstream: bitstream.write_bytes(b""), "is empty"),
        (lambda bitstream: bitstream.write_bytes(b"bit"), "is cut short, 3 of 4 bytes"),
        (lambda bitstream: bitstream.write_bytes(b"bits."), "is not what"),
        (lambda bitstream: bitstream.write_bytes(b"bots"), "is not what"),
        (lambda bitstream: bitstream.with_name("report.json").unlink(), "no report.json beside"),
        (lambda bitstream: bitstream.with_name("report.json").write_text("{}"), "no report of"),
        (lambda bitstream: bitstream.with_name("report.json").write_text("[]"), "no report of"),
        (lambda bitstream: bitstream.with_name("report.json").write_text("[" * 9999), "no report"),
        (lambda bitstream: bitstream.with_name("report.json").write_bytes(b"\xff"), "no report of"),
        (reporting(device="another"), "was built for ulx3s-25f (another), not for ulx3s-25f ("),
        (reporting(board="icebreaker"), "was built for icebreaker"),
        (reporting(layout={"faults": 2, "first": ["X1/Y2 is 1"]}), "first: X1/Y2 is 1"),
        (reporting(layout={"faults": "no"}), "no report of"),
        (reporting(network=None), "no report of"),
        (reporting(bitstream=None), "no report of"),  # too slow for its clock
        (reporting(bitstream={"file": "firstspike.bit", "bytes": 4, "sha256": "0"}), "is not what"),
        (reporting(bitstream={"file": "firstspike.bit", "bytes": "4"}), "no report of"),
    ],
)
def test_a_bitstream_that_is_not_as_built_is_refused(desk, capfd, spoil, message):
    programmer(desk, "openFPGALoader")
    spoil(built(desk, "net", "ulx3s-25f"))
    assert message in refusal_of(capfd, "ulx3s-25f")
    assert not (desk / "called").exists()


@pytest.mark.parametrize("board", ["icebreaker", "ulx3s-25f", "tang-nano-20k"])
def test_a_file_without_the_preamble_of_the_family_is_refused(desk, capfd, board):
    family = BOARDS[board].device.family
    others = b"".join(facts.preamble for one, facts in FACTS.items() if one is not family)
    programmer(desk, BOARDS[board].programmers[0][0])
    for content in (b"weight,colour,label\n", others, bytes(4096) + FACTS[family].preamble):
        (desk / "fruit.csv").write_bytes(content)
        message = refusal_of(capfd, board, "fruit.csv")
        assert f"fruit.csv is no bitstream for the {BOARDS[board].title} (" in message
        assert "Name a bitstream, or another --board." in message
    assert not (desk / "called").exists()


def test_a_missing_file_is_said(desk, capfd):
    assert "there is no bitstream 'none.bit'" in refusal_of(capfd, "ulx3s-85f", "none.bit")


def test_a_missing_programmer_is_said_with_its_package(desk, capfd):
    message = refusal_of(capfd, "icebreaker", "some.bit")
    assert "iceprog or openFPGALoader" in message
    assert "apt-get install fpga-icestorm" in message


@pytest.mark.parametrize(
    ("output", "reason", "advice"),
    [
        ("init..\nCan't find iCE FTDI USB device.\nABORT.", "Can't find iCE", "plug the board in"),
        ("empty\nunable to open ftdi device: -4 (usb_open() failed)", "unable to open", "udev"),
        ("Cannot open DFU device: LIBUSB_ERROR_ACCESS", "Cannot open DFU", "udev"),
        ("dfu-util: Warning: no suffix\nError: flash is protected", "flash is protected", ""),
        ("Error: cannot find board 'none'", "cannot find board", "correct `programmers`"),
        ("", "it ends with status 3", ""),
    ],
)
def test_the_programmers_reason_is_passed_on(desk, capfd, output, reason, advice):
    programmer(desk, "iceprog", output=output, status=3)
    message = refusal_of(capfd, "icebreaker", "some.bit")
    assert f"iceprog has not programmed the iCEBreaker: {reason}" in message
    assert advice in message
    assert ("udev" in message) == (advice == "udev")


@pytest.mark.parametrize(
    ("tool", "boards"),
    [
        ("iceprog", ["icebreaker"]),
        ("dfu-util", ["orangecrab-85f"]),
        ("openFPGALoader", ["icebreaker", "ulx3s-85f", "ecpix5-85f", "orangecrab-85f"]),
    ],
)
def test_the_real_programmer_without_a_board(desk, capfd, tool, boards):
    if not PROGRAMMERS[tool].found:
        leave_out(PROGRAMMERS[tool])
    (desk / "bin" / tool).symlink_to(shutil.which(tool, path="/usr/bin:/usr/local/bin"))
    for board in boards:
        message = refusal_of(capfd, board, "some.bit")
        assert message.startswith(f"Error: {tool} has not programmed the {BOARDS[board].title}: ")
        assert BOARDS[board].attach in message


def alone(desk, board="icebreaker"):
    """A build's folder with weights for the flash."""
    bitstream = built(desk, "digits", board, ".bin")
    weights = bitstream.with_name("weights.bin")
    weights.write_bytes(b"weights")
    address = BOARDS[board].flash.address
    reporting(flash={"place": address, **fingerprint(weights)})(bitstream)
    return weights


@pytest.mark.parametrize(
    ("tool", "options"),
    [("iceprog", "-o 1048576"), ("openFPGALoader", "-b ice40_generic -f --verify -o 1048576")],
)
def test_weights_are_written_before_the_bitstream(desk, capfd, tool, options):
    weights = alone(desk)
    programmer(desk, tool, appends=True)
    success(capfd, "flash", "--board", "icebreaker")
    first, second = (desk / "called").read_text().splitlines()
    assert first == f"{desk}/bin/{tool} {options} {weights}"
    assert second.endswith(f" {weights.with_name('firstspike.bin')}")
    assert " -o " not in second


def reading(desk, content):
    """An icesprog that reads this content, whatever was written."""
    script = desk / "bin" / "icesprog"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {desk}/called\n[ "$1" = -r ] || exit 0\n'
        f"for file; do :; done\nprintf %s {content} > $file\n"
    )
    script.chmod(0o755)


def test_what_a_programmer_does_not_verify_is_read_back(desk, capfd):
    weights = alone(desk, "icesugar")
    reading(desk, "weights")
    success(capfd, "flash", "--board", "icesugar")
    written, read, last = (desk / "called").read_text().splitlines()
    assert written == f"-o 1048576 {weights}"
    assert read.startswith("-r -o 1048576 -l 7 /")
    assert last == str(weights.with_name("firstspike.bin"))
    reading(desk, "weighty")
    assert "does not hold the weights that icesprog has written" in refusal_of(capfd, "icesugar")


def test_a_programmer_without_places_gets_one_file(desk, capfd):
    weights = alone(desk, "pico-ice")
    script = desk / "bin" / "dfu-util"
    script.write_text(f"#!/bin/sh\nfor file; do :; done\n/bin/cat $file > {desk}/written\n")
    script.chmod(0o755)
    success(capfd, "flash", "--board", "pico-ice")
    written = (desk / "written").read_bytes()
    address = BOARDS["pico-ice"].flash.address
    assert written == b"bits" + b"\xff" * (address - 4) + weights.read_bytes()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda weights: weights.unlink(), "there is no build/digits-icebreaker/weights.bin"),
        (lambda weights: weights.write_bytes(b"weight"), "is cut short, 6 of 7 bytes"),
        (lambda weights: weights.write_bytes(b"weighty"), "weights.bin is not what"),
        (reporting(flash={"place": 0, "file": "", "bytes": 7, "sha256": ""}), "another place in"),
        (reporting(flash={"place": 0}), "no report of"),
    ],
)
def test_weights_that_are_not_as_built_are_refused(desk, capfd, spoil, message):
    weights = alone(desk)
    programmer(desk, "iceprog")
    spoil(weights)
    assert message in refusal_of(capfd, "icebreaker")
    assert not (desk / "called").exists()


def test_a_bitstream_is_not_written_after_weights_that_failed(desk, capfd):
    alone(desk)
    programmer(desk, "iceprog", output="VERIFICATION FAILED", status=3, appends=True)
    assert "VERIFICATION FAILED" in refusal_of(capfd, "icebreaker")
    assert len((desk / "called").read_text().splitlines()) == 1
