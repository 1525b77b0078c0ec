# SPDX-License-Identifier: BSD-2-Clause
"""What is printed for people, and files that another process writes."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from firstspike.golden.system.files import replacing
from firstspike.scripts.output import table
from tests.support.command import firstspike, refusal, success, toy_network

pytestmark = pytest.mark.fast


def test_a_table_is_aligned():
    lines = table([("a", "1"), ("long name", "1000")]).splitlines()
    assert lines == ["a             1", "long name  1000"]


COMMAND = "from firstspike.scripts.main import main; main()"
ORDERS = "\x1b]0;title\x07\ndigest 0\u202e\ud800"
SHOWN = r"\x1b]0;title\x07\ndigest 0\u202e\ud800"


def test_a_cell_makes_no_rows_and_is_cut():
    lines = table([("a", ORDERS), ("b", "x" * 10**6)], str.ljust).splitlines()
    assert lines[0] == f"a  {SHOWN}"
    assert len(lines) == 2
    assert len(lines[1]) <= 503


def test_what_is_in_a_network_file_is_shown_and_not_obeyed(capfd, tmp_path):
    path = tmp_path / "name\x1b[2J\n.npz"
    meta = {"by\x1b[1m\nshape  1-1": "x\x1b]52;c;AAAA\x07" * 10**5, **dict.fromkeys("abc", 1)}
    replace(toy_network(), meta=meta | {f"n{n}": n for n in range(100)}).save(path)
    ended = success(capfd, "info", path)
    assert all(line.isprintable() and len(line) < 1000 for line in ended.out.split("\n"))
    assert sum(line.startswith("shape") for line in ended.out.split("\n")) == 1
    assert "Its by\\x1b[1m\\nshape  1-1 is" in ended.out
    assert "54 more" in ended.out
    ended = success(capfd, "run", path, "--events", events(tmp_path))
    assert ended.out.isascii()
    assert r"name\x1b[2J\n.npz" in ended.out
    assert r"events\x1b[2J" in ended.out
    assert "\x1b" not in ended.out


def events(folder):
    path = folder / "events\x1b[2J"
    path.write_text('{"events": [[8, 3]]}')
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("info", "none" + ORDERS.replace("\ud800", "")),
        ("info", "none" + "x" * 10**5),
        ("run", "--dataset", "none\x1b[2J"),
        ("run", "--image", "none\x1b[2J\nError: all is well"),
        ("run", "--" + "\x1b" * 1000),
        ("\x1b[2Jverb\nverb",),
    ],
)
def test_what_is_wrong_is_one_printable_sentence(capfd, words):
    ended = firstspike(capfd, *words)
    assert ended.status == 2
    *_, last, nothing = ended.err.split("\n")
    assert last.startswith("Error: ")
    assert len(last) <= 500
    assert nothing == ""
    assert "\x1b" not in ended.err
    assert ended.err.count("\nError") <= 1


def test_letters_that_standard_output_does_not_have(tmp_path):
    path = tmp_path / "net.npz"
    replace(toy_network(), classes=("ä", "→", "c", "d")).save(path)
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND, "info", path],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert r"\xe4, \u2192, c, d" in ended.stdout


def test_a_picture_takes_names_as_they_are(capfd, tmp_path, recwarn):
    path = tmp_path / "net.npz"
    replace(toy_network(), classes=("$\\frac$", "\U0001f40d", "c$d$", "\\")).save(path)
    lines = [f'{{"events": [[8, {n}]], "label": {n}}}' for n in range(4)]
    (tmp_path / "events").write_text("\n".join(lines))
    words = ("--events", tmp_path / "events", "--plot", tmp_path / "p.png")
    ended = success(capfd, "run", path, *words)
    assert ended.err == ""
    assert not recwarn.list


def test_a_file_that_is_being_written_is_refused_in_one_sentence(capfd, tmp_path):
    path = tmp_path / "result.json"
    with replacing(path):
        said = refusal(capfd, "info", "--json", path)
    assert f"{path} is being written already" in said
