# SPDX-License-Identifier: BSD-2-Clause
"""Files that never end, or are too large, are refused at once, whichever option names them."""

import os
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest

from firstspike.boards.building.bitstream import NETLIST, REPORT
from firstspike.golden.data.dataset import MOST_LINE
from firstspike.scripts.learning.session import Session
from tests.support.command import firstspike, refusal, toy_network
from tests.support.foreign import make_build
from tests.support.rooms import added

pytestmark = pytest.mark.fast

NET = Path("toy.npz")
GOOD = "good.csv"
NETLIST_OF = "compare toy.npz --target netlist --board icebreaker --build build --input good.jsonl"
TRAIN = "train --label kind -o out.npz --dataset"
READ = {
    "a network": ("file.npz", "info file.npz"),
    "a data set of arrays": ("file.npz", "run toy.npz --dataset file.npz"),
    "a table": ("file.csv", f"{TRAIN} file.csv"),
    "a table to test": ("file.csv", f"{TRAIN} good.csv --test file.csv"),
    "a data set of events": ("file.jsonl", "run toy.npz --dataset file.jsonl"),
    "events": ("file.jsonl", "run toy.npz --input file.jsonl"),
    "a photo": ("file.png", "run mnist-4bit --input file.png"),
    "an image": ("file.png", "run toy.npz --input file.png"),
    "an image of a folder": ("images/a/file.png", "run toy.npz --input images"),
    "a state of learning": (Session.state_path("file.npz"), "learn --resume -o file.npz"),
    "a state of training": ("file.training.npz", "train --resume -o file.npz"),
    "a report": (f"build/{REPORT}", NETLIST_OF),
    "a netlist": (f"build/{NETLIST}.json", NETLIST_OF),
    "a file of a named data set": (
        "data/mnist/train-labels-idx1-ubyte",
        "fetch mnist --to data",
    ),
    **dict(added("WITHOUT_END")),
}
"""By its content, a file and the command that reads it."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The good files, in the current folder."""
    monkeypatch.chdir(tmp_path)
    toy_network().save(NET)
    for put in added("FILES"):
        put(tmp_path)
    Path(GOOD).write_text("x,kind\n" + "1,a\n2,b\n" * 9)
    Path("good.jsonl").write_bytes(EVENTS)
    make_build(toy_network())
    for one in ("images/a", "data/mnist"):
        Path(one).mkdir(parents=True)
    return tmp_path


def pipe(path):
    """A pipe without a writer."""
    os.mkfifo(path)


def zeros(path):
    path.symlink_to("/dev/zero")


def huge(path):
    """A file of a terabyte, of which nothing is stored."""
    path.touch()
    os.truncate(path, 1 << 40)


@pytest.mark.parametrize(("what", "make"), [*product(READ, (pipe, zeros, huge))])
def test_what_never_ends_is_refused(capfd, folder, what, make):
    name, line = READ[what]
    Path(name).unlink(missing_ok=True)
    make(Path(name))
    before = sorted(folder.rglob("*"))
    said = refusal(capfd, *line.split())
    assert Path(name).name in said
    if make is not huge:
        assert "may never end" in said
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_line_that_is_too_long_is_refused(capfd, folder, kind):
    good = {"csv": "x,kind\n1,a\n", "jsonl": '{"events": [[8, 1]]}\n'}[kind]
    content = good + "1," * (MOST_LINE // 2) + "\n"
    Path(f"long.{kind}").write_text(content)
    said = refusal(capfd, "run", NET, "--dataset", f"long.{kind}")
    assert f"long.{kind}, line {content.count(chr(10))}: the line is longer" in said


EVENTS = b'{"events": [[8, 1], [9, 2]]}\n'


@pytest.fixture
def events():
    """The reading end of a pipe without a name that holds events."""
    end, other = os.pipe()
    os.write(other, EVENTS)
    os.close(other)
    yield end
    os.close(end)


@contextmanager
def standard_input(descriptor):
    """Let it be `descriptor`."""
    usual = os.dup(0)
    os.dup2(descriptor, 0)
    try:
        yield
    finally:
        os.dup2(usual, 0)
        os.close(usual)


def test_events_come_out_of_a_pipe_of_the_shell(capfd, folder, events):
    ended = firstspike(capfd, "run", NET, "--input", f"/dev/fd/{events}")
    assert f"1 images of /dev/fd/{events}" in ended.out


def test_events_come_from_standard_input(capfd, folder, events):
    with standard_input(events):
        ended = firstspike(capfd, "run", NET, "--input", "-")
    assert "1 images of standard input" in ended.out
    with open("/dev/zero", "rb") as endless, standard_input(endless.fileno()):
        said = refusal(capfd, "run", NET, "--input", "-")
    assert "standard input" in said
    assert "may never end" in said
