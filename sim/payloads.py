"""Packs and unpacks stream payloads: Amaranth layouts on one side, integers on the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib import data


def fields(layout: data.Layout, prefix: str = "", base: int = 0) -> Iterator[tuple[str, int, int]]:
    """Every elementary field of a layout: its name (dotted if nested), offset and width in bits."""
    for key, field in layout:
        name, offset = f"{prefix}{key}", base + field.offset
        inner = field.shape
        if isinstance(inner, type) and issubclass(inner, data.Struct):
            inner = data.Layout.cast(inner)
        if isinstance(inner, data.Layout):
            yield from fields(inner, f"{name}.", offset)
        else:
            yield name, offset, Shape.cast(inner).width


def pack(layout: data.Layout, values: Mapping[str, Any]) -> Any:
    """The payload with the given fields, the others 0; works on integers and on integer arrays."""
    total: Any = 0
    places = {name: offset for name, offset, _ in fields(layout)}
    for name, value in values.items():
        total = total | (value << places[name])
    return total


def unpack(layout: data.Layout, payloads: Any) -> dict[str, np.ndarray]:
    """All fields of an array (or list) of payloads, as int64 arrays; none may be signed."""
    payloads = np.asarray(payloads, dtype=object)
    return {
        name: ((payloads >> offset) & ((1 << width) - 1)).astype(np.int64)
        for name, offset, width in fields(layout)
    }
