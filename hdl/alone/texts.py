# SPDX-License-Identifier: BSD-2-Clause
"""What a design without a computer says: its texts, and the memory that holds them.

A text ends with `END`. In a text `DIGIT` stands for a digit of the decision's tick, and `LAST` for
its last one. `NIBBLE` stands for a hexadecimal digit of the status.

>>> words = said_of_class("seven", 384)
>>> words
b'seven \\x01\\x01\\x02\\r\\n'
>>> spoken(words, 12)
b'seven 12\\r\\n'
"""

from collections.abc import Sequence

END, DIGIT, LAST, NIBBLE = 0, 1, 2, 3
"""Bytes of a text with a meaning of their own. A digit is left out while only zeros precede it."""

MOST_NAME = 48
"""Bytes of a class's name that are said."""

NEWLINE = b"\r\n"


def sentence(text: str) -> bytes:
    """Return a line of text."""
    return text.encode("ascii") + NEWLINE


def said_of_class(name: str, deadline: int) -> bytes:
    """Return the text of a decision for the class of this name, at a tick up to `deadline`.

    Control characters in a name become question marks.
    """
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    cut = name.encode()[:MOST_NAME].decode(errors="ignore").encode()
    digits = bytes([DIGIT] * (len(str(deadline)) - 1) + [LAST])
    return cut + b" " + digits + NEWLINE


def spoken(text: bytes, tick: int) -> bytes:
    """Return the bytes on the line for a text, of a decision at this tick."""
    digits = bytes([DIGIT] * text.count(DIGIT) + [LAST])
    return text.replace(digits, str(tick).encode())


def in_memory(texts: Sequence[bytes]) -> tuple[int, bytes]:
    """Return the bits of a place in a text, and the memory of all texts.

    Text n begins at n * 2^bits. Only the last one may be longer: it gets more places.
    """
    bits = max(map(len, texts[:-1])).bit_length()
    most = (1 << bits) - 1
    return bits, b"".join(text.ljust((len(text) | most) + 1, bytes([END])) for text in texts)
