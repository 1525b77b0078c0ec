"""Packs and unpacks stream payloads: Amaranth layouts on one side, integers on the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from amaranth.lib import data

from firstspike.hdl.flow.interface import fields


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
