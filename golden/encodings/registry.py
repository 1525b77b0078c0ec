# SPDX-License-Identifier: BSD-2-Clause
"""The list of all encodings, and the encoding that a name selects."""

from difflib import get_close_matches
from typing import Any

from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.system.errors import quoted

from .crossings import Crossings
from .encoding import Encoding
from .levels import Levels
from .ticks import TICKS, Ticks

KINDS: tuple[type[Encoding], ...] = (Levels, Crossings, Ticks)

_WORDS = ("binary", "levels", "crossings", TICKS)
"""The words with which names begin."""


def encoding_of(name: Any) -> Encoding:
    """Return the encoding with this name. Raises `NetworkError` for an unknown name."""
    for kind in KINDS:
        encoding = kind.parsed(str(name))
        if encoding is not None:
            return encoding
    word, dash, number = str(name).partition("-")
    close = [f"{known}{dash}{number}" for known in get_close_matches(word, _WORDS, n=1)]
    if any(kind.parsed(one) for one in close for kind in KINDS):
        raise NetworkError(f"encoding is {quoted(name)}: did you mean {close[0]}?")
    raise NetworkError(f"encoding is {quoted(name)}: it must be {forms()}.")


def forms() -> str:
    """Return the patterns of all names, as part of a sentence."""
    *preceding, last = (kind.WRITTEN for kind in KINDS)
    return f"{', '.join(preceding)}, or {last}"


def encoder_in(language: str, encoding: Encoding) -> Encoding:
    """Return the encoding that a program in another language computes: its own, or `Ticks`."""
    return encoding if language in encoding.LANGUAGES else Ticks(TICKS)
