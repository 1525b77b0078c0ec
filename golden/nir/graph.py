# SPDX-License-Identifier: BSD-2-Clause
"""A graph independent of the package nir: nodes by name, edges, metadata, and its chain of nodes.

The content is that of nir's graph dictionaries: `Graph.of` accepts what its `to_dict` returns, and
reading.py returns the same from a file. The graph may come from an untrusted source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.extras import needed

Node = Mapping[str, Any]
"""The "type", such as "Linear", and arrays by NIR's names."""

CONVOLVING = {"Conv1d": 1, "Conv2d": 2}
"""Nodes that convolve, with the number of dimensions."""

POOLING = ("AvgPool2d", "SumPool2d")
"""Nodes that sum patches of maps."""

_CONV = ("input_shape", "weight", "stride", "padding", "dilation", "groups", "bias")
_POOL = ("kernel_size", "stride", "padding")

FIELDS: dict[str, tuple[str, ...]] = {
    "Input": ("shape",),
    "Output": ("shape",),
    "Linear": ("weight",),
    "Affine": ("weight", "bias"),
    **dict.fromkeys(CONVOLVING, _CONV),
    **dict.fromkeys(POOLING, _POOL),
    "Flatten": ("input_type", "start_dim", "end_dim"),
    "I": ("r",),
    "LI": ("tau", "r", "v_leak"),
    "IF": ("r", "v_threshold", "v_reset"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
}
"""Fields of the nodes that an imported graph may have."""

TEXTS = ("padding",)
"""Fields that may hold a word such as "same"."""

DEFAULTS = {"v_reset": 0.0, "w_in": 1.0}
"""NIR's default values of fields."""

ACCEPTED = "a chain of Linear (or Affine without bias, Conv1d, Conv2d), LI and IF for each layer"
"""Layers that are accepted in graphs of other tools."""


OURS = "firstspike-nir-"
"""Prefix of the format name in the metadata that FirstSpike writes."""


class NirError(FirstSpikeError, ValueError):
    """A graph or NIR file is not a network of this neuron; the message gives the reason."""

    def __init__(self, message: str, node: str | None = None, why: str = "") -> None:
        super().__init__(message)
        #: name of the refused node, None for the whole graph
        self.node = node
        #: the message without the node
        self.why = why or message


def optional(name: str) -> ModuleType:
    """Return an optional package. Raises `MissingPackageError`."""
    with needed():
        return import_module(name)


@dataclass(frozen=True)
class Named:
    """A node of the chain, whose errors contain its name."""

    name: str
    node: Node

    @property
    def kind(self) -> str:
        """Type of the node, such as "Linear"."""
        return str(self.node["type"])

    def fail(self, message: str) -> NoReturn:
        """Raise `NirError` about this node."""
        raise NirError(f"node {self.name!r:.80}, {self.kind:.40}: {message}", self.name, message)

    def check_kind(self) -> None:
        """Raise `NirError` unless the node is of a type that a network can contain."""
        if self.kind == "NIRGraph":
            self.fail("it is a graph inside the graph: give a flat one.")
        if self.kind not in FIELDS:
            self.fail(f"a network has no such node; accepted is {ACCEPTED}.")
        unknown = self.node.keys() - {"type", "metadata", "input_type", *FIELDS[self.kind]}
        if unknown:
            self.fail(f"it has {min(unknown)!r:.80}, which NIR does not know.")

    def array(self, field: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return a field as finite float64 of this shape."""
        value = self.numbers(field)
        if value.shape != shape and field in DEFAULTS and value.ndim == 0:
            value = np.full(shape, value)
        if value.shape != shape:
            self.fail(f"{field} is {list(value.shape)}: here it would be {list(shape)}.")
        return value

    def numbers(self, field: str) -> np.ndarray:
        """Return a field as finite float64 of any shape."""
        if field not in self.node and field not in DEFAULTS:
            self.fail(f"it has no {field}.")
        value = np.asarray(self.node.get(field, DEFAULTS.get(field)))
        if value.dtype.kind not in "biuf":
            self.fail(f"{field} is {value.dtype}: it must be real numbers.")
        value = value.astype(np.float64)
        if not np.isfinite(value).all():
            self.fail(f"{field} holds {value[~np.isfinite(value)].flat[0]}: give finite numbers.")
        return value


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes, edges from the name of one to that of another, and metadata."""

    nodes: Mapping[str, Node]
    edges: Sequence[tuple[str, str]]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Any) -> "Graph":
        """Return the graph of a `nir.NIRGraph`."""
        content = graph.to_dict()
        edges = [(str(a), str(b)) for a, b in content["edges"]]
        return cls(content["nodes"], edges, content.get("metadata") or {})

    def chain(self) -> list[Named]:
        """Return the nodes from input to output, inclusive.

        Raises `NirError` if they form no chain. Nodes of other types are refused first, by name.
        """
        nodes = {name: Named(name, node) for name, node in self.nodes.items()}
        for one in nodes.values():
            one.check_kind()
        before: dict[str, list[str]] = {name: [] for name in nodes}
        after: dict[str, list[str]] = {name: [] for name in nodes}
        for a, b in self.edges:
            for name in (a, b):
                if name not in nodes:
                    raise NirError(f"an edge names {name!r:.80}, which is no node.")
            after[a].append(b)
            before[b].append(a)
        try:
            TopologicalSorter(before).prepare()
        except CycleError as error:
            nodes[error.args[1][0]].fail(f"it is part of a loop: accepted is {ACCEPTED}.")
        for name, one in nodes.items():
            if max(len(before[name]), len(after[name])) > 1:
                one.fail(f"more than one edge comes to it or leaves it: accepted is {ACCEPTED}.")
        chain = [nodes[self._only("Input")]]
        while after[chain[-1].name]:
            chain.append(nodes[after[chain[-1].name][0]])
        if chain[-1].name != self._only("Output"):
            chain[-1].fail("no edge leaves it: the output should be the last.")
        for one in nodes.values():
            if one not in chain:
                one.fail("it is not between input and output.")
        return chain

    def _only(self, kind: str) -> str:
        """Return the name of the only node of this type."""
        matching = [name for name, node in self.nodes.items() if node["type"] == kind]
        if len(matching) != 1:
            named = f": {', '.join(map(repr, matching))}"[:200] if matching else ""
            raise NirError(f"the graph has {len(matching)} nodes {kind}{named}; it needs one.")
        return matching[0]
