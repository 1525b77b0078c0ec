# SPDX-License-Identifier: BSD-2-Clause
"""Short representations of objects that hold arrays, for the prompt of Python and for messages."""

import reprlib
from dataclasses import fields
from typing import Any


class _Short(reprlib.Repr):
    """Represents an array by its type and shape, and cuts long values."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxtuple, self.maxlist, self.maxdict = 3, 4, 4, 4
        self.maxstring, self.maxother = 60, 150

    def repr_ndarray(self, array: Any, level: int) -> str:
        """Return type and shape, such as int32[512, 600]."""
        return f"{array.dtype}{list(array.shape)}"


_SHORT = _Short()


def short_repr(self: Any) -> str:
    """Return a line or two, as the `__repr__` of a dataclass with arrays.

    Values that are None or empty are omitted. A class selects attributes by their names in `SHOWN`.
    """
    names = getattr(self, "SHOWN", None) or [one.name for one in fields(self)]
    values = {name: getattr(self, name) for name in names}
    shown = (f"{name}={_SHORT.repr(value)}" for name, value in values.items() if _has(value))
    return f"{type(self).__name__}({', '.join(shown)})"


def _has(value: Any) -> bool:
    return value is not None and not (isinstance(value, str | tuple | list | dict) and not value)
