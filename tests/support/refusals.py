# SPDX-License-Identifier: BSD-2-Clause
"""Tables of refused command lines: `$ firstspike LINE`, and below it the sentence as a whole.

Dots, `...`, in a sentence stand for a text that differs from machine to machine.
"""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.command import refusal
from tests.support.rooms import TESTS

TABLES = {path.stem: path for path in sorted(TESTS.glob("*/refusals/*.txt"))}


def lines_of(name: str) -> list[tuple[str, str]]:
    """Return the lines of a table and their sentences."""
    text = TABLES[name].read_text()
    found = re.findall(r"^\$ firstspike (.+)\n(Error: .+)$", text, re.MULTILINE)
    assert len(found) == text.count("\n$ ") == text.count("\nError: ")
    return found


def check_refusals(capfd: pytest.CaptureFixture[str], name: str) -> None:
    """Run the lines of a table: each is refused by its sentence, and the folder stays as it is.

    The message of a failure has the sentences in the form of a table.
    """
    before, wrong = sorted(Path().rglob("*")), []
    for line, sentence in lines_of(name):
        said = refusal(capfd, *shlex.split(line))
        if not re.fullmatch(".*".join(map(re.escape, sentence.split("..."))), said):
            wrong.append(f"$ firstspike {line}\n{said}")
        assert sorted(Path().rglob("*")) == before, line
    assert not wrong, "\n\n".join(["other sentences:", *wrong])
