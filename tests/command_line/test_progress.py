# SPDX-License-Identifier: BSD-2-Clause
"""Long work shows on standard error: a line that ticks, or one line at the end."""

import os
import pty
import re
import termios
import time

import pytest

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
    with Bars() as bars:
        for work in Work:
            bars(work, 1, 7)
            bars(work, 7, 7)
        bars(Work.IMAGES, 2, 5)
    said = capfd.readouterr().err
    assert "7/7" in said
    assert "2/5" in said


@pytest.mark.parametrize(
    ("line", "phase"),
    [
        (
            "Info:     at iteration #7, type ALL: wirelen solved = 5920, spread = 14501",
            "placing, iteration 7",
        ),
        ("Info:     at iteration #7, type TRELLIS_COMB: wirelen solved = 5920", None),
        (
            "Info:   at iteration #20: temp = 0.000000, timing cost = 755, wirelen = 16119",
            "refining the placement, iteration 20",
        ),
        (
            "Info:      10000 |     1830       7937 |  325   640 |      4541|       0.97",
            "routing, 4541 arcs left",
        ),
        (
            "Info:     iter=4 wires=82310 overused=512 overuse=530 archfail=NA",
            "routing, 512 wires used twice",
        ),
        ("Info: Routing..", None),
    ],
)
def test_lines_of_nextpnr_tell_how_far_it_is(line, phase):
    assert phase_of(line) == phase
