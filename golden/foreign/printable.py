# SPDX-License-Identifier: BSD-2-Clause
"""Makes text of unknown origin fit to be shown: on one line, without codes for the terminal."""

MOST = 500
"""Most characters of a sentence."""

_CUT = " ... "


def is_text(name: str) -> bool:
    """Whether a name can be written as UTF-8: the name of a file may hold any bytes."""
    return name.isascii() or not any("\ud800" <= one <= "\udfff" for one in name)


def printable(text: object, most: int | None = MOST) -> str:
    """Return `text` with unprintable characters escaped, and its middle cut to leave `most`.

    Unprintable are ends of lines, control characters such as escape, and characters that turn the
    direction of writing or cannot be encoded.
    """
    said = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(text))
    if most is None or len(said) <= most:
        return said
    half = (most - len(_CUT)) // 2
    return said[:half] + _CUT + said[-half:]
