# SPDX-License-Identifier: BSD-2-Clause
"""What takes long is shown on standard error: a line that ticks, or one when it is done."""

import os
import pty
import re
import termios
import time

import pytest

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
        with shown("Yosys: something"):
            time.sleep(1.5)
        said = os.read(ours, 1000).decode()
    os.close(ours)
    assert "Yosys: something: 00:00" in said
    assert "Yosys: something: 00:01" in said


def test_all_work_of_a_target_has_a_bar(capfd):
    with Bars() as bars:
        for work in Work:
            bars(work, 1, 7)
            bars(work, 7, 7)
        bars(Work.IMAGES, 2, 5)
    said = capfd.readouterr().err
    assert "7/7" in said
    assert "2/5" in said
