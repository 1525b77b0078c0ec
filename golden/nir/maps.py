# SPDX-License-Identifier: BSD-2-Clause
"""Shapes of the layers of a graph, and their connecting nodes: Linear, Conv1d, Conv2d.

NIR arrays have channels first. DESIGN, section 7, numbers maps in the same order, so NIR arrays are
the network's arrays in another shape.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.layers.kind import LayerKind
from firstspike.golden.network import Network

from .graph import CONVOLVING, Node


@dataclass(frozen=True)
class Shapes:
    """Shapes of the inputs and outputs of a layer, without the batch dimension."""

    sources: int
    """Inputs, or their maps."""
    outputs: int
    """Neurons, or their maps."""
    size: tuple[int, ...]
    """Size of a map of inputs; () for a dense layer."""
    out: tuple[int, ...]
    """Size of a map of neurons; () for a dense layer."""
    kernel: tuple[int, ...]
    """Size of the kernel; () for a dense layer."""
    further: int
    """Sources per further input of the graph: one map, or all inputs of a map."""


def dimensions(geometry: Iterable[Geometry | None]) -> int:
    """Return the number of dimensions in which the layers convolve; 0 if all are dense."""
    return max((one.dimensions for one in geometry if one is not None), default=0)


def shapes_of(network: Network) -> list[Shapes]:
    """Return the shapes of each layer."""
    start = 2 - dimensions(network.geometry)
    shapes: list[Shapes] = []
    n_positions = 1
    for kind in network.layers:
        if isinstance(kind, Convolution):
            of = kind.geometry
            sizes = of.size[start:], of.out[start:], of.kernel[start:]
            shapes.append(Shapes(kind.maps, kind.filters, *sizes, 1))
            n_positions = kind.positions
        else:
            shapes.append(Shapes(kind.n_in, kind.n_out, (), (), (), n_positions))
            n_positions = 1
    return shapes


def connecting(kind: LayerKind, weight: np.ndarray, bias: np.ndarray | None = None) -> Node:
    """Return the node with a layer's bias and weights [outputs, sources, *kernel]."""
    if not isinstance(kind, Convolution):
        if bias is None:
            return {"type": "Linear", "weight": weight}
        return {"type": "Affine", "weight": weight, "bias": bias}
    along = weight.ndim - 2
    name = next(name for name, n in CONVOLVING.items() if n == along)
    of = kind.geometry
    fields = {
        "input_shape": of.size,
        "stride": of.stride,
        "padding": of.padding,
        "dilation": (1, 1),
    }
    return {
        "type": name,
        "weight": weight,
        **{field: np.squeeze(pair[2 - along :]) for field, pair in fields.items()},
        "groups": np.array(1),
        "bias": np.zeros(len(weight)) if bias is None else bias,
    }
