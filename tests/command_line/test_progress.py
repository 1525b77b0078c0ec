# SPDX-License-Identifier: BSD-2-Clause
"""Long work shows on standard error: a line that ticks, or one line at the end."""

import os
import pty
import re
import termios
import time
from contextlib import closing
from pathlib import Path

import pytest

from firstspike.golden.system import progress
from firstspike.hdl.flow.synthesis import phase_of
from firstspike.scripts.progress import Bars, shown
from firstspike.scripts.targets.target import Work


def test_nobody_watches(capfd):
    with pytest.raises(ZeroDivisionError), shown("Yosys: something"):
        raise ZeroDivisionError
    ended = capfd.readouterr()
    assert ended.out == ""
    assert re.fullmatch(r"Yosys: something: \d+ s\n", ended.err)


def test_on_a_terminal_the_time_ticks(monkeypatch):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with open(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with shown("Yosys: something") as tell:
            tell("placing, iteration 3")
            time.sleep(1.5)
        said = os.read(ours, 1000).decode()
    os.close(ours)
    assert "Yosys: something: 00:00" in said
    assert "Yosys: something: 00:01, placing, iteration 3" in said


def test_all_work_of_a_target_has_a_bar(capfd):
    with closing(Bars()) as bars:
        for work in Work:
            bars(work, 1, 7)
            bars(work, 7, 7)
        bars(Work.IMAGES, 2, 5)
    said = capfd.readouterr().err
    assert "7/7" in said
    assert "2/5" in said


@pytest.mark.parametrize(("every", "leave", "lines"), [(60, True, 1), (60, False, 0), (0, True, 8)])
def test_a_bar_writes_few_lines_into_a_pipe(capfd, monkeypatch, every, leave, lines):
    monkeypatch.setattr(progress, "LINE_EVERY", every)
    with progress.bar(total=7, leave=leave) as shown:
        for _ in range(7):
            shown.update()
    said = capfd.readouterr().err
    assert said.count("\n") == len(said.splitlines()) == lines
    assert not lines or "7/7" in said.splitlines()[-1]


def test_all_bars_are_those_of_one_function():
    root = Path(progress.__file__).resolve().parents[2]
    parts = ("golden", "sim", "boards", "scripts")
    sources = [one for part in parts for one in (root / part).rglob("*.py")]
    makers = [one for one in sources if re.search(r"\btqdm\(", one.read_text())]
    assert makers == [Path(progress.__file__).resolve()]


PHASES = {
    "Info:     at iteration #7, type ALL: wirelen solved = 5920": "placing, iteration 7",
    "Info:     at iteration #7, type TRELLIS_COMB: wirelen solved = 5920": None,
    "Info:   at iteration #20: temp = 0.000000, timing": "refining the placement, iteration 20",
    "Info:      10000 |     1830       7937 |  325   640 |      4541|": "routing, 4541 arcs left",
    "Info:     iter=4 wires=82310 overused=512 overuse=530": "routing, 512 wires used twice",
    "Info: Routing..": None,
}
"""Beginnings of lines of nextpnr, and how far it is."""


def test_lines_of_nextpnr_tell_how_far_it_is():
    assert {line: phase_of(line) for line in PHASES} == PHASES
