# SPDX-License-Identifier: BSD-2-Clause
"""A graph from a file of anyone: HDF5, looked at before it is read.

Only what a graph of ours can have is read, and only if its size, which HDF5 tells beforehand, is
bounded: a file of a few bytes can promise terabytes. Links out of the file are not followed. What
the library itself does on damaged files is for apart.py.
"""

import math
from collections.abc import Iterator
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from .graph import FIELDS, OURS, Graph, NirError, optional

MOST_BYTES = 1 << 30
"""Of all arrays of a file together."""

MOST_NODES = 1000


def graph_in(file: BinaryIO) -> Graph:
    """The graph in an open file; metadata are read if they are ours.

    Raises `NirError` for anything wrong with the content, or where the package is missing.
    """
    h5py = optional("h5py")
    # A damaged file raises almost anything: all mean the same.
    try:
        with h5py.File(file, "r") as root:
            return _Reader(h5py).graph(root)
    except NirError:
        raise
    except Exception as error:
        said = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise NirError(f"it cannot be read as HDF5 ({said:.200}).") from None


class _Reader:
    """Reads one file, and keeps count of how much."""

    def __init__(self, h5py: ModuleType) -> None:
        self.h5py = h5py
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
            for field in group.keys() - {"type", "metadata", "input_type"}:
                known = field in FIELDS.get(node["type"], ())
                node[field] = self.array(group, field) if known else None
            nodes[str(name)] = node
        return Graph(nodes, list(self.edges(top)), self.metadata(top))

    def edges(self, top: Any) -> Iterator[tuple[str, str]]:
        dataset = self.dataset(top, "edges")
        if not dataset.size:
            return
        if dataset.ndim != 2 or dataset.shape[1] != 2 or len(dataset) > MOST_NODES**2:
            raise NirError(f"its edges are {list(dataset.shape)}: they must be pairs of names.")
        for a, b in self.content(dataset):
            yield self.decoded("edges", a), self.decoded("edges", b)

    def metadata(self, top: Any) -> dict[str, Any]:
        if "metadata" not in top:
            return {}
        group = self.group(top, "metadata")
        if "format" not in group or not self.text(group, "format").startswith(OURS):
            return {}
        return {
            name: self.text(group, name) if self.is_text(group, name) else self.array(group, name)
            for name in group
        }

    def member(self, group: Any, name: str) -> Any:
        """A group or dataset in `group`, itself in this file."""
        if name not in group:
            raise NirError(f"{group.name!r:.80} has no {name!r:.80}: that is no NIR graph.")
        if not isinstance(group.get(name, getlink=True), self.h5py.HardLink):
            raise NirError(f"{name!r:.80} is a link to somewhere else: links are not followed.")
        return group[name]

    def group(self, group: Any, name: str) -> Any:
        found = self.member(group, name)
        if not isinstance(found, self.h5py.Group):
            raise NirError(f"{found.name!r:.80} is not a group, as in a NIR graph.")
        return found

    def dataset(self, group: Any, name: str) -> Any:
        found = self.member(group, name)
        if not isinstance(found, self.h5py.Dataset) or found.shape is None:
            raise NirError(f"{found.name!r:.80} is no array, as in a NIR graph.")
        if found.is_virtual or found.external:
            raise NirError(f"{found.name!r:.80} is in another file: give one that is whole.")
        return found

    def content(self, dataset: Any) -> Any:
        """All of a dataset, unless it is too large."""
        chunk = math.prod(dataset.chunks or ())  # which may be larger than all, and is read whole
        self.read += max(dataset.size, chunk) * max(1, dataset.dtype.itemsize)
        if self.read > MOST_BYTES:
            raise NirError(
                f"{dataset.name!r:.80} is {list(dataset.shape)}: with it the arrays have more than "
                f"{MOST_BYTES} bytes, the most that is read."
            )
        return dataset[()]

    def array(self, group: Any, name: str) -> np.ndarray:
        dataset = self.dataset(group, name)
        if dataset.dtype.kind not in "biuf":
            raise NirError(f"{dataset.name!r:.80} is {dataset.dtype}: it must be real numbers.")
        return np.asarray(self.content(dataset))

    def is_text(self, group: Any, name: str) -> bool:
        return self.dataset(group, name).dtype.kind in "OS"

    def text(self, group: Any, name: str) -> str:
        dataset = self.dataset(group, name)
        if dataset.ndim or dataset.dtype.kind not in "OS":
            raise NirError(f"{dataset.name!r:.80} is {dataset.dtype}: it must be a string.")
        return self.decoded(dataset.name, self.content(dataset))

    @staticmethod
    def decoded(name: str, value: Any) -> str:
        if isinstance(value, bytes):
            return value.decode("utf8")
        if not isinstance(value, str):
            raise NirError(f"{name!r:.80} holds no string.")
        return value
