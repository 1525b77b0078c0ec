# SPDX-License-Identifier: BSD-2-Clause
"""Reads a graph from an untrusted HDF5 file, checking every object before it is read.

The reader accepts only objects that an exported graph can contain, of limited size: a file of a few
bytes can expand to terabytes. HDF5 gives the size of an array in advance, but that of a string only
when the string is read, so strings are read one by one. Links out of the file are not followed.
reader_process.py isolates failures of the library itself on damaged files.
"""

import math
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from .graph import FIELDS, OURS, TEXTS, Graph, NirError, optional

MOST_BYTES = 1 << 30
"""Largest total size in bytes of all arrays and strings of a file."""

MOST_NODES = 1000

MOST_EDGES = 4 * MOST_NODES
"""Largest number of edges of a graph; a chain has one fewer than nodes."""


def most_bytes(file_bytes: int) -> int:
    """Return the limit of arrays and strings in bytes: a small file can expand greatly."""
    return min(MOST_BYTES, max(1 << 26, 32 * file_bytes))


def graph_in(file: BinaryIO) -> Graph:
    """Return the graph in an open file; metadata are read only if FirstSpike wrote them.

    Raises `NirError` for invalid content, or if the package is missing.
    """
    h5py = optional("h5py")
    # A damaged file can raise almost any error; all mean the same.
    try:
        most = most_bytes(file.seek(0, os.SEEK_END))
        with h5py.File(file, "r") as root:
            return _Reader(h5py, most).graph(root)
    except NirError:
        raise
    except MemoryError:
        raise NirError("it cannot be read as HDF5 (it takes too much memory).") from None
    except Exception as error:
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise NirError(f"it cannot be read as HDF5 ({reason:.200}).") from None


class _Reader:
    """Reads one file, and counts the bytes that it reads."""

    def __init__(self, h5py: ModuleType, most: int) -> None:
        self.h5py = h5py
        self.most = most
        self.read = 0

    def graph(self, root: Any) -> Graph:
        top = self.group(root, "node")
        if self.text(top, "type") != "NIRGraph":
            raise NirError("its content is a single node: give a graph with input and output.")
        groups = self.group(top, "nodes")
        if len(groups) > MOST_NODES:
            raise NirError(f"it has {len(groups)} nodes: at most {MOST_NODES} are read.")
        nodes = {}
        for name in groups:
            group = self.group(groups, name)
            node: dict[str, Any] = {"type": self.text(group, "type")}
            fields = FIELDS.get(node["type"], ())
            for field in group.keys() - ({"type", "metadata", "input_type"} - {*fields}):
                known = self.number_or_text if field in TEXTS else self.array
                node[field] = known(group, field) if field in fields else None
            nodes[str(name)] = node
        return Graph(nodes, list(self.edges(top)), self.metadata(top))

    def edges(self, top: Any) -> Iterator[tuple[str, str]]:
        dataset = self.dataset(top, "edges")
        if not dataset.size:
            return
        if dataset.ndim != 2 or dataset.shape[1] != 2:
            raise NirError(f"its edges are {list(dataset.shape)}: they must be pairs of names.")
        if len(dataset) > MOST_EDGES:
            raise NirError(f"it has {len(dataset)} edges: at most {MOST_EDGES} are read.")
        self.counted(dataset)
        for edge in range(len(dataset)):
            a, b = dataset[edge]
            yield self.decoded(dataset, a), self.decoded(dataset, b)

    def metadata(self, top: Any) -> dict[str, Any]:
        if "metadata" not in top:
            return {}
        group = self.group(top, "metadata")
        if "format" not in group or not self.text(group, "format").startswith(OURS):
            return {}
        return {name: self.number_or_text(group, name) for name in group}

    def member(self, group: Any, name: str) -> Any:
        """Return a group or dataset in `group`. Raises `NirError` unless it is in this file."""
        if name not in group:
            raise NirError(f"{group.name!r:.80} has no {name!r:.80}, which every NIR graph has.")
        if not isinstance(group.get(name, getlink=True), self.h5py.HardLink):
            raise NirError(f"{name!r:.80} is a link to somewhere else: links are not followed.")
        return group[name]

    def group(self, group: Any, name: str) -> Any:
        member = self.member(group, name)
        if not isinstance(member, self.h5py.Group):
            raise NirError(f"{member.name!r:.80} is not a group, as in a NIR graph.")
        return member

    def dataset(self, group: Any, name: str) -> Any:
        member = self.member(group, name)
        if not isinstance(member, self.h5py.Dataset) or member.shape is None:
            raise NirError(f"{member.name!r:.80} is no array, as in a NIR graph.")
        if member.is_virtual or member.external:
            raise NirError(f"{member.name!r:.80} is in another file: give one that is whole.")
        return member

    def counted(self, dataset: Any) -> Any:
        """Return a dataset after counting its bytes, those of strings excluded."""
        chunk = math.prod(dataset.chunks or ())  # read whole, maybe larger than the dataset
        self.add(dataset, max(dataset.size, chunk) * max(1, dataset.dtype.itemsize))
        return dataset

    def add(self, dataset: Any, size: int) -> None:
        """Count `size` bytes. Raises `NirError` if the total exceeds the limit."""
        self.read += size
        if self.read > self.most:
            raise NirError(
                f"{dataset.name!r:.80} is {list(dataset.shape)}: with it there are more than "
                f"{self.most} bytes of arrays and texts, the most that are read of such a file."
            )

    def array(self, group: Any, name: str) -> np.ndarray:
        dataset = self.dataset(group, name)
        if dataset.dtype.kind not in "biuf":
            raise NirError(f"{dataset.name!r:.80} is {dataset.dtype}: it must be real numbers.")
        return np.asarray(self.counted(dataset)[()])

    def number_or_text(self, group: Any, name: str) -> np.ndarray | str:
        texts = self.dataset(group, name).dtype.kind in "OS"
        return self.text(group, name) if texts else self.array(group, name)

    def text(self, group: Any, name: str) -> str:
        dataset = self.dataset(group, name)
        if dataset.ndim or dataset.dtype.kind not in "OS":
            raise NirError(f"{dataset.name!r:.80} is {dataset.dtype}: it must be a string.")
        return self.decoded(dataset, self.counted(dataset)[()])

    def decoded(self, dataset: Any, value: Any) -> str:
        """Return a string of a dataset as text."""
        if isinstance(value, bytes):
            self.add(dataset, len(value))
            return value.decode("utf8")
        if not isinstance(value, str):
            raise NirError(f"{dataset.name!r:.80} holds no string.")
        self.add(dataset, len(value))
        return value
