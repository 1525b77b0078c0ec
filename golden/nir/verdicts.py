# SPDX-License-Identifier: BSD-2-Clause
"""Reports how each node of a graph is imported: the same, approximate, or impossible, and why."""

from contextlib import suppress
from dataclasses import dataclass

from .graph import CONVOLVING, POOLING, Graph, Named, NirError
from .importing import network_of
from .real_weights import check_node, real_layers

SAME, APPROXIMATE, IMPOSSIBLE = "the same", "approximate", "not possible"

_BECOMES = {
    **dict.fromkeys(("Input", "Output"), (SAME, "its neurons keep their order.")),
    **dict.fromkeys(
        ("Linear", "Affine", *CONVOLVING),
        (APPROXIMATE, "its weights are rounded to integers of a few bits."),
    ),
    **dict.fromkeys(POOLING, (SAME, "it becomes part of the weights of the layer behind it.")),
    "Flatten": (SAME, "neurons are numbered map by map, as here."),
    "LI": (SAME, "its r becomes part of the weights."),
    "IF": (
        APPROXIMATE,
        "its spikes are rounded up to a tick; r and v_threshold scale the weights.",
    ),
}


@dataclass(frozen=True)
class Verdict:
    """The result of importing a node."""

    name: str
    kind: str
    verdict: str
    """SAME, APPROXIMATE or IMPOSSIBLE."""
    why: str
    """The reason, in one sentence."""


def verdicts(graph: Graph, ours: bool) -> list[Verdict]:
    """Return a verdict for each node, from input to output if the nodes form a chain.

    A graph of FirstSpike is imported bit for bit; a graph of another tool is rounded. Raises
    `NirError` for a graph that is refused as a whole, such as one without an output.
    """
    nodes = [Named(name, node) for name, node in graph.nodes.items()]
    refused: dict[str, str] = {}
    check, convert = (Named.check_kind, network_of) if ours else (check_node, real_layers)
    for node in nodes:
        try:
            check(node)
        except NirError as error:
            refused[node.name] = error.why
    try:
        convert(graph)
    except NirError as error:
        if error.node is not None:
            refused.setdefault(error.node, error.why)
        elif not refused:
            raise
    with suppress(NirError):
        nodes = graph.chain()
    return [_verdict(node, ours, refused.get(node.name)) for node in nodes]


def _verdict(node: Named, ours: bool, refusal: str | None) -> Verdict:
    if refusal is not None:
        return Verdict(node.name, node.kind, IMPOSSIBLE, refusal)
    verdict = (SAME, "firstspike convert has written it.") if ours else _BECOMES[node.kind]
    return Verdict(node.name, node.kind, *verdict)
