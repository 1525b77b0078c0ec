# SPDX-License-Identifier: BSD-2-Clause
"""All kinds of encodings, and the encoding of a name."""

from typing import Any

from firstspike.golden.foreign.fields import NetworkError

from .crossings import Crossings
from .encoding import Encoding
from .levels import Levels
from .ticks import TICKS, Ticks

KINDS: tuple[type[Encoding], ...] = (Levels, Crossings, Ticks)


def encoding_of(name: Any) -> Encoding:
    """Return the encoding of this name; `NetworkError` if no kind has it."""
    for kind in KINDS:
        encoding = kind.parsed(str(name))
        if encoding is not None:
            return encoding
    raise NetworkError(f"encoding is {name!r}: it must be {forms()}.")


def forms() -> str:
    """Return the forms of all names, as a part of a sentence."""
    *others, last = (kind.WRITTEN for kind in KINDS)
    return f"{', '.join(others)}, or {last}"


def encoder_in(language: str, encoding: Encoding) -> Encoding:
    """Return the encoding that a program in another language does: its own, or `Ticks`."""
    return encoding if language in encoding.LANGUAGES else Ticks(TICKS)
