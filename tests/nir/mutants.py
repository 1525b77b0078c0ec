# SPDX-License-Identifier: BSD-2-Clause
"""Makes mutants of NIR graphs, as tests/support/mutants.py does of other files."""

import io
from random import Random
from typing import Any

import h5py
import numpy as np

from tests.support.mutants import ORDERS, of_bytes

_REFERENCE = 16
"""Bytes of a string in a dataset: its length, and address and index of its characters."""


def of_graph(rng: Random, content: bytes) -> bytes:
    """A NIR graph: other datasets, promises, links, and strings of other lengths or shared."""
    if rng.random() < 0.3:
        return of_bytes(rng, content)
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as root:
        names: list[str] = []
        root.visititems(
            lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None
        )
        for _ in range(rng.choice((0, 1, 1, 2))):
            if names:
                name = names.pop(rng.randrange(len(names)))
                _change(rng, root, name, root[name][()])
        texts = [root[name] for name in names if root[name].dtype.kind == "O"]
        texts = [one for one in texts if one.size and one.id.get_offset() is not None]
        extents = [(one.id.get_offset(), one.size) for one in texts]
    changed = bytearray(file.getvalue())
    for begin, count in extents if rng.random() < 0.6 else ():
        _spoil_strings(rng, changed, begin, count)
    return bytes(changed)


def _change(rng: Random, root: Any, name: str, array: Any) -> None:
    """Put something else in the place of a dataset."""
    del root[name]
    match rng.randrange(8):
        case 0:
            pass
        case 1:
            odd = rng.choice([0, 1, -1, 2**31, 0.5, 1e308, float("nan"), float("-inf"), True])
            root[name] = np.full(np.shape(array), odd) if rng.random() < 0.5 else odd
        case 2:
            shape = rng.choice([(1 << 40,), (1 << 13, 1 << 13), (1 << 12, 1 << 12), (1 << 20, 0)])
            root.create_dataset(name, shape, rng.choice(["f8", "f4", "i1"]), chunks=True)
        case 3:
            side = rng.choice((1 << 10, 1 << 12))
            zeros = np.zeros((side, side))
            root.create_dataset(name, data=zeros, compression="gzip", chunks=(side, side))
        case 4:
            kinds = (h5py.SoftLink("/node"), h5py.ExternalLink("/dev/zero", "/"), root["node"])
            root[name] = rng.choice(kinds)
        case 5:
            shape = rng.choice([(), (4, 2), (3000, 2)])
            length = rng.choice((1, 1000, 10_000 if len(shape) else 100_000))
            text = np.full(shape, "x" * length, object)
            root.create_dataset(name, text.shape, h5py.string_dtype())[...] = text
        case 6:
            edges = root.create_dataset(
                name, (rng.choice((10, 4000, 30_000)), 2), h5py.string_dtype()
            )
            edges[0] = ["x" * 200_000, ORDERS]
        case _:
            extreme = np.array(array)
            if extreme.dtype.kind in "iuf" and extreme.size:
                extreme.flat[rng.randrange(extreme.size)] = rng.choice([0, 1, -1, 100])
                extreme = extreme.astype(rng.choice(["f2", "f4", "f8"]))
            root[name] = extreme


def _spoil_strings(rng: Random, content: bytearray, begin: int, count: int) -> None:
    """Let strings be shared, or say that they have other lengths."""
    if rng.random() < 0.5:
        content[begin : begin + _REFERENCE * count] = content[begin : begin + _REFERENCE] * count
        return
    for _ in range(rng.choice((1, count))):
        at = begin + _REFERENCE * rng.randrange(count)
        length = rng.choice((0, 1, 100, 70_000, 10**8, 3_600_000_000, 2**32 - 1))
        content[at : at + 4] = length.to_bytes(4, "little")
