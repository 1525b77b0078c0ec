# SPDX-License-Identifier: BSD-2-Clause
"""The status line of a standalone design (DESIGN, section 10).

>>> status = Status(b"a design", cycles=0x12C4A0, samples=8000, loudest=500, lost=0)
>>> status.line()
b'status 612064657369676e cycles 0012c4a0 samples 00001f40 loudest 01f4 lost 0000\\r\\n'
>>> Status.of_line(status.line()) == status
True
>>> Status(b"a design", cycles=24, samples=1).line()
b'status 612064657369676e cycles 00000018 samples 00000001\\r\\n'
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from firstspike.golden.flash import IDENTITY_BYTES

from .texts import NEWLINE, NIBBLE

STATUS_REQUEST = b"?"
"""The byte that requests the status; the design ignores all other bytes."""

WIDTHS = {"cycles": 32, "samples": 32, "loudest": 16, "lost": 16, "taught": 16}
"""Bits of each number, in the order of the line, which are a multiple of `DIGIT_BITS`."""

DIGIT_BITS = 4

OF_MICROPHONE = ("loudest", "lost")
"""Numbers that only a design with a microphone reports."""

OF_TEACHING = ("taught",)
"""Numbers that only a design that is taught words reports."""


@dataclass(frozen=True)
class Status:
    """A status, whose numbers are sampled in one clock cycle.

    Raises ValueError for a number that does not fit its width.
    """

    identity: bytes
    """Identity of the design, which its flash image contains, too."""
    cycles: int
    """Clock cycles since the end of the reset, modulo 2^32."""
    samples: int
    """Samples of the sensor since the weights were verified, modulo 2^32."""
    loudest: int | None = None
    """Largest magnitude of a sample since the last answer, up to 32,768; None for motion."""
    lost: int | None = None
    """Number of lost samples, saturating at 65,535; None for motion."""
    taught: int | None = None
    """Number of taught words, modulo 2^16; None for a design that is taught no words."""

    def __post_init__(self) -> None:
        if len(self.identity) != IDENTITY_BYTES:
            raise ValueError(f"an identity has {IDENTITY_BYTES} bytes, not {len(self.identity)}.")
        if (self.loudest is None) != (self.lost is None):
            raise ValueError("a status has both of loudest and lost, or none: give the other one.")
        for name, number in self.numbers.items():
            if not 0 <= number < 1 << WIDTHS[name]:
                raise ValueError(f"{name} is {number}: give 0 to {(1 << WIDTHS[name]) - 1}.")

    @property
    def numbers(self) -> dict[str, int]:
        """The reported numbers by name, in the order of the line."""
        every = {name: getattr(self, name) for name in WIDTHS}
        return {name: number for name, number in every.items() if number is not None}

    def line(self) -> bytes:
        """Return the line of text."""
        numbers = {name: f"{number:0{digits(name)}x}" for name, number in self.numbers.items()}
        return _worded(self.identity, {name: text.encode() for name, text in numbers.items()})

    @classmethod
    def of_line(cls, line: bytes) -> Self:
        """Return the status of a line of text, with or without its end.

        Raises ValueError for anything else.
        """
        match = _LINE.fullmatch(line.rstrip(b"\r\n"))
        if match is None:
            raise ValueError(
                f"{line!r} is no status: a status is like "
                f"{cls(bytes(IDENTITY_BYTES), 0, 0, 0, 0, 0).line()!r}, or has no taught, or ends "
                "after samples."
            )
        numbers = {name: int(match[name], 16) for name in WIDTHS if match[name] is not None}
        return cls(bytes.fromhex(match["identity"].decode()), **numbers)


def digits(name: str) -> int:
    """Return the number of hexadecimal digits of a number of the status."""
    return WIDTHS[name] // DIGIT_BITS


def status_text(identity: bytes, names: Iterable[str]) -> bytes:
    """Return the text of a status with the numbers of these names, in the order of `WIDTHS`."""
    return _worded(identity, {name: bytes([NIBBLE]) * digits(name) for name in names})


def _worded(identity: bytes, numbers: dict[str, bytes]) -> bytes:
    """Return the line of an identity and of numbers, each given as its digits."""
    words = [b"status", identity.hex().encode()]
    for name, text in numbers.items():
        words += [name.encode(), text]
    return b" ".join(words) + NEWLINE


def _pattern(names: tuple[str, ...]) -> str:
    return "".join(f" {name} (?P<{name}>[0-9a-f]{{{digits(name)}}})" for name in names)


_ALWAYS = tuple(name for name in WIDTHS if name not in OF_MICROPHONE + OF_TEACHING)
_LINE = re.compile(
    f"status (?P<identity>[0-9a-f]{{{2 * IDENTITY_BYTES}}}){_pattern(_ALWAYS)}"
    f"(?:{_pattern(OF_MICROPHONE)})?(?:{_pattern(OF_TEACHING)})?".encode()
)
