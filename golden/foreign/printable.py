# SPDX-License-Identifier: BSD-2-Clause
"""Text of strangers as it can be shown: on one line, without what a terminal takes for orders."""

MOST = 500
"""Characters of a sentence."""

_CUT = " ... "


def is_text(name: str) -> bool:
    """Whether a name can be written as UTF-8: the name of a file may hold any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(text: object, most: int | None = MOST) -> str:
    """`text` with all that is not printable escaped, and in its middle cut to `most` characters.

    Not printable are ends of lines, control characters such as escape, and those that turn the
    direction of writing or cannot be encoded.
    """
    said = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(text))
    if most is None or len(said) <= most:
        return said
    half = (most - len(_CUT)) // 2
    return said[:half] + _CUT + said[-half:]
