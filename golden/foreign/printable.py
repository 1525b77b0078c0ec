# SPDX-License-Identifier: BSD-2-Clause
"""Makes text of unknown origin safe to print: on one line, without terminal control codes."""

MOST = 500
"""Largest number of characters of a message."""

_CUT = " ... "


def is_text(name: str) -> bool:
    """Whether a name can be encoded as UTF-8: file names may contain any bytes."""
    return name.isascii() or not any("\ud800" <= one <= "\udfff" for one in name)


def printable(text: object, most: int | None = MOST) -> str:
    """Return `text` with unprintable characters escaped, its middle cut to leave `most`.

    Unprintable are line ends, control characters such as escape, characters that change the writing
    direction, and characters that cannot be encoded.
    """
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(text))
    if most is None or len(shown) <= most:
        return shown
    half = (most - len(_CUT)) // 2
    return shown[:half] + _CUT + shown[-half:]
