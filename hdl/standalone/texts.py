# SPDX-License-Identifier: BSD-2-Clause
"""The texts of a standalone design, and the content of the ROM that holds them.

Each text ends with `END`. The bytes `DIGIT` and `LAST` are placeholders for a digit and for the
last digit of the decision's tick, and `NIBBLE` for a hexadecimal digit of the status.

>>> words = decision_text("seven", 384)
>>> words
b'seven \\x01\\x01\\x02\\r\\n'
>>> decision_line(words, 12)
b'seven 12\\r\\n'
"""

from collections.abc import Sequence

END, DIGIT, LAST, NIBBLE = 0, 1, 2, 3
"""Control bytes of a text. A leading zero at a `DIGIT` is omitted."""

MAX_NAME_BYTES = 48
"""Maximum number of bytes of a class's name in a text."""

NEWLINE = b"\r\n"


def sentence(text: str) -> bytes:
    """Return a line of text."""
    return text.encode("ascii") + NEWLINE


def decision_text(name: str, deadline: int) -> bytes:
    """Return the text of a decision for the class of this name, at a tick up to `deadline`.

    Control characters in a name become question marks.
    """
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    cut = name.encode()[:MAX_NAME_BYTES].decode(errors="ignore").encode()
    digits = bytes([DIGIT] * (len(str(deadline)) - 1) + [LAST])
    return cut + b" " + digits + NEWLINE


def decision_line(text: bytes, tick: int) -> bytes:
    """Return the line that is sent for the text of a decision at this tick."""
    digits = bytes([DIGIT] * text.count(DIGIT) + [LAST])
    return text.replace(digits, str(tick).encode())


def rom_content(texts: Sequence[bytes]) -> tuple[int, bytes]:
    """Return the bits of an address inside a text, and the content of the ROM of all texts.

    Text n starts at n * 2^bits. Only the last text may be longer than 2^bits - 1 bytes.
    """
    bits = max(map(len, texts[:-1])).bit_length()
    most = (1 << bits) - 1
    return bits, b"".join(text.ljust((len(text) | most) + 1, bytes([END])) for text in texts)
