# SPDX-License-Identifier: BSD-2-Clause
"""Reads JSON of unknown origin within bounds, and compares it with a description.

A description is one of

    int, str, ...       a value of this type; True is no int
    range(1, 9)         an integer in it
    [one]               a list whose elements all fit `one`
    [one, other]        a list of exactly these
    {"name": one}       an object with these fields, and possibly others; "name?" is optional
    {str: one}          an object whose fields all fit `one`
    (one, other)        a value that fits one of these
    None, "text"        exactly this value
"""

import json
import math
from typing import Any

from firstspike.golden.system.errors import FirstSpikeError

from .printable import is_text

DEEPEST = 32
"""Largest nesting of lists and objects: far less than Python's recursion limit."""


class JsonError(FirstSpikeError, ValueError):
    """JSON is unreadable, or its content does not match the description."""


def read_json(text: str | bytes) -> Any:
    """Return the value of a text. Numbers are finite, texts can be encoded, nesting is limited."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JsonError(f"not JSON ({error!s:.100})") from None
    _check_values(value, DEEPEST)
    return value


def _check_values(value: Any, levels: int) -> None:
    if isinstance(value, str):
        if not is_text(value):
            raise JsonError(f"not JSON (half a character in {value!a:.40})")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise JsonError(f"not JSON (a number is {value})")
    elif isinstance(value, list | dict):
        if not levels:
            raise JsonError(f"not JSON (it is more than {DEEPEST} levels deep)")
        for one in value:
            _check_values(one, levels - 1)
        for one in value.values() if isinstance(value, dict) else ():
            _check_values(one, levels - 1)


def check_json(value: Any, description: Any, where: str) -> None:
    """Raise `JsonError` unless a value matches the description; `where` names it."""
    if isinstance(description, tuple):
        for one in description:
            try:
                return check_json(value, one, where)
            except JsonError as error:
                wrong = error
        if isinstance(value, list | dict):
            raise wrong  # its message describes the error inside the value
    elif isinstance(description, dict) and isinstance(value, dict):
        for name, one in description.items():
            for key in value if name is str else (name.removesuffix("?"),):
                if key in value:
                    check_json(value[key], one, f"{where}[{key!r:.40}]")
                elif key == name:
                    raise JsonError(f"{where} has no {key!r}")
        return
    elif isinstance(description, list) and isinstance(value, list):
        each = description * len(value) if len(description) == 1 else description
        if len(each) != len(value):
            raise JsonError(f"{where} is {value!r:.40}: it must be a list of {len(each)}")
        for at, (held, one) in enumerate(zip(value, each, strict=True)):
            check_json(held, one, f"{where}[{at}]")
        return
    elif _is(value, description):
        return
    raise JsonError(f"{where} is {value!r:.40}: it must be {_describe(description)}")


def _is(value: Any, description: Any) -> bool:
    """Whether a value matches the description of a single value."""
    if isinstance(description, range):
        return type(value) is int and value in description
    if isinstance(description, type):
        return type(value) is description
    return type(value) is type(description) and value == description


def _describe(description: Any) -> str:
    if isinstance(description, tuple):
        return " or ".join(map(_describe, description))
    if isinstance(description, range):
        return f"an integer in {description[0]}..{description[-1]}"
    if isinstance(description, list | dict):
        return "a list" if isinstance(description, list) else "an object"
    return description.__name__ if isinstance(description, type) else repr(description)
