# SPDX-License-Identifier: BSD-2-Clause
"""Divides a chain of nodes into layers: the nodes that connect, and the nodes that are neurons."""

from collections.abc import Sequence
from typing import NamedTuple

from .graph import ACCEPTED, CONVOLVING, POOLING, Named, NirError

_BEFORE = ("Flatten", *POOLING)
"""Nodes that may stand before the weights of a layer."""


class LayerNodes(NamedTuple):
    """The nodes of a layer, in order."""

    before: Sequence[Named]
    """Flatten and pooling before the weights."""
    connection: Named
    """Linear, Conv1d or Conv2d."""
    neurons: Sequence[Named]


def layers_in(chain: Sequence[Named], kinds: tuple[str, ...]) -> list[LayerNodes]:
    """Return the layers between input and output, each with nodes of these types.

    A convolving layer has Conv1d or Conv2d instead of Linear and Affine. Raises `NirError`.
    """
    inner = list(chain[1:-1])
    if not inner:
        raise NirError(f"there is nothing between input and output: accepted is {ACCEPTED}.")
    layers: list[LayerNodes] = []
    while inner:
        start = next((at for at, node in enumerate(inner) if node.kind not in _BEFORE), len(inner))
        layer = inner[start : start + len(kinds)]
        for node, kind in zip(layer, kinds, strict=False):
            if not _is(node, kind):
                node.fail(
                    f"here it would be {kind}: accepted is {', '.join(kinds)} for each layer."
                )
        if len(layer) < len(kinds):
            inner[-1].fail(f"the layer ends here: accepted is {', '.join(kinds)} for each layer.")
        layers.append(LayerNodes(inner[:start], layer[0], layer[1:]))
        inner = inner[start + len(kinds) :]
    return layers


def _is(node: Named, kind: str) -> bool:
    """Whether a node is of the wanted type, or of a type that can replace it."""
    standing = {"Linear": ("Affine", *CONVOLVING), "Affine": (*CONVOLVING,)}
    return node.kind in (kind, *standing.get(kind, ()))
