# SPDX-License-Identifier: BSD-2-Clause
"""Short representations of objects that hold arrays, for the prompt of Python and for messages."""

import reprlib
from dataclasses import fields
from typing import Any


class _Short(reprlib.Repr):
    """Represents an array by its type and shape, such as int32[512, 600], and cuts long values."""

    def repr_ndarray(self, array: Any, level: int) -> str:
        """Return type and shape."""
        return f"{array.dtype}{list(array.shape)}"


_EMPTY = ("None", "()", "[]", "{}", "''")


def short_repr(self: Any) -> str:
    """Return a line or two, as the `__repr__` of a dataclass with arrays.

    Values that are None or empty are omitted. A class selects attributes by their names in `SHOWN`.
    """
    short = _Short()
    short.maxother, short.maxstring = 150, 60
    names = getattr(self, "SHOWN", None) or [one.name for one in fields(self)]
    shown = ((name, short.repr(getattr(self, name))) for name in names)
    values = (f"{name}={text}" for name, text in shown if text not in _EMPTY)
    return f"{type(self).__name__}({', '.join(values)})"
