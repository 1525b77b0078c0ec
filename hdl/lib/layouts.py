# SPDX-License-Identifier: BSD-2-Clause
"""Layouts and signatures with a description of each member, and payloads as integers.

>>> point = DescribedLayout(x=(4, "to the right"), y=(4, "upwards"))
>>> list(fields(point))
[('x', 0, 4), ('y', 4, 4)]
>>> meaning(point, "y")
'upwards'
>>> hex(pack(point, {"x": 3, "y": 10}))
'0xa3'
>>> unpack(point, [0xA3, 0x12])
{'x': array([3, 2]), 'y': array([10,  1])}
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib import data, wiring


class _Described:
    """A layout or signature whose members have descriptions.

    Parameters: by name, (shape or member, description).
    Attribute: `meanings`, {name: description}, in the order of the parameters.
    """

    def __init__(self, **members: tuple[Any, str]) -> None:
        super().__init__({name: member for name, (member, _) in members.items()})  # type: ignore[call-arg]
        self.meanings = {name: meaning for name, (_, meaning) in members.items()}


class DescribedLayout(_Described, data.StructLayout):
    """A StructLayout with a description of each member; the first member starts at bit 0."""


class DescribedSignature(_Described, wiring.Signature):
    """A Signature with a description of each member."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DescribedSignature) and self.members == other.members


def fields(layout: data.Layout, prefix: str = "", base: int = 0) -> Iterator[tuple[str, int, int]]:
    """Yield name (dotted if nested), offset and width in bits of each leaf field of a layout."""
    for key, field in layout:
        name, offset = f"{prefix}{key}", base + field.offset
        if isinstance(field.shape, data.Layout):
            yield from fields(field.shape, f"{name}.", offset)
        else:
            yield name, offset, Shape.cast(field.shape).width


def meaning(layout: data.Layout, name: str) -> str:
    """Return the description of the field `name` (dotted if nested).

    A field without a description has that of the innermost enclosing field with one, or "".
    """
    description = ""
    for part in name.split("."):
        description = getattr(layout, "meanings", {}).get(part, description)
        layout = layout[part].shape
    return description


def pack(layout: data.Layout, values: Mapping[str, Any]) -> Any:
    """Return the payload with these field values, and 0 in all other fields.

    Values are integers or integer arrays.
    """
    total: Any = 0
    offsets = {name: offset for name, offset, _ in fields(layout)}
    for name, value in values.items():
        total = total | (value << offsets[name])
    return total


def unpack(layout: data.Layout, payloads: Any) -> dict[str, np.ndarray]:
    """Return all fields of an array or list of payloads, as int64 arrays; fields are unsigned."""
    payloads = np.asarray(payloads, dtype=object)
    return {
        name: ((payloads >> offset) & ((1 << width) - 1)).astype(np.int64)
        for name, offset, width in fields(layout)
    }
