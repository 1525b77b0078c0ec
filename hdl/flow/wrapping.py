# SPDX-License-Identifier: BSD-2-Clause
"""Formatting of generated text: templates, comments, and line breaks in Verilog.

Icarus Verilog fails on a comment or a number of more than 16 KB.
"""

import re
import textwrap
from string import Template
from typing import Any

WIDTH = 100
"""Maximum length of a line; only a string without blanks may be longer."""

_PART_DIGITS = 64
_PART_BITS = {"h": 4 * _PART_DIGITS, "b": _PART_DIGITS}
"""Bits of the parts of a wide number, by its base; each part fits on a line."""

_NUMBER = re.compile(r"\b(\d+)'([hb])([0-9a-fxz]+)\b")
_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')


class _Template(Template):
    delimiter = "@"


def filled(template: str, **values: Any) -> str:
    """Return a template with each `@name` replaced by its value; `@@` becomes `@`."""
    return _Template(template).substitute(values)


def comment(text: str, first: str = "", further: str = "") -> list[str]:
    """Return the lines of a line comment, indented by `first` (first line) and `further`.

    The text must not contain line breaks; an empty text becomes one line.
    """
    lines = textwrap.wrap(text, WIDTH - 3, initial_indent=first, subsequent_indent=further)
    return [f"// {line}".rstrip() for line in lines or [first]]


def declaration(code: str, about: str) -> str:
    """Return a declaration followed by a comment, which may continue on further lines."""
    return "\n".join(
        textwrap.wrap(about, WIDTH, initial_indent=f"{code}  // ", subsequent_indent="    // ")
    )


def broken(verilog: str) -> str:
    """Break the lines of `verilog` that are longer than `WIDTH`, which must have no comments.

    Lines are broken at blanks. A number of more than `_PART_BITS` becomes a concatenation.
    """
    lines = verilog.split("\n")
    return "\n".join(line if len(line) <= WIDTH else _broken(line) for line in lines)


def _broken(line: str) -> str:
    indent = re.match(" *", line)[0]  # type: ignore[index]
    lines, now = [], indent
    for word in _WORD.findall(_NUMBER.sub(_concatenation, line)):
        if now.strip() and len(now) + 1 + len(word) > WIDTH:
            lines.append(now)
            now = f"{indent}    "
        now += f" {word}" if now.strip() else word
    return "\n".join([*lines, now])


def _concatenation(number: re.Match) -> str:
    width, base, digits = int(number[1]), number[2], number[3]
    bits = _PART_BITS[base]
    if width <= bits:
        return number[0]
    parts = []
    for low in range(0, width, bits):
        of_part = min(bits, width - low)
        end = len(digits) - low * _PART_DIGITS // bits
        part = digits[max(0, end - _PART_DIGITS) : max(0, end)]
        parts.append(f"{of_part}'{base}{part or 0}")
    return f"{{ {', '.join(reversed(parts))} }}"
