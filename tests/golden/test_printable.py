# SPDX-License-Identifier: BSD-2-Clause
"""Text of strangers as it is shown."""

import pytest

from firstspike.golden.foreign.printable import MOST, printable

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, äß→", "plain text, äß→"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\x9b31m", r"\x9b31m"),
        ("half \ud800", r"half \ud800"),
        (3.5, "3.5"),
    ],
)
def test_nothing_is_left_that_a_terminal_obeys(text, shown):
    assert printable(text) == shown
    assert shown.isprintable()


@pytest.mark.parametrize("text", ["x" * 10**6, "\x1b" * 10**6, "x" * (MOST + 1)])
def test_long_texts_lose_their_middle(text):
    shown = printable("begin " + text + " end")
    assert len(shown) <= MOST
    assert shown.startswith("begin ")
    assert shown.endswith(" end")
    assert " ... " in shown
    assert len(printable(text, None)) >= len(text)
