# SPDX-License-Identifier: BSD-2-Clause
"""What takes long is shown on standard error: a line that ticks, or one when it is done."""

import os
import pty
import re
import termios
import time

import pytest

from firstspike.scripts.progress import shown


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
