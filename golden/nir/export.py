# SPDX-License-Identifier: BSD-2-Clause
"""Converts a network to a NIR graph, and writes the graph to a file."""

import io
import json
import os
from itertools import pairwise
from typing import Any

import numpy as np

from firstspike.golden.network import Network
from firstspike.golden.system.files import replace_file

from .forms import FORMS, Form
from .graph import OURS, Graph, NirError, Node, optional
from .maps import shapes_of

FORMAT = f"{OURS}1"
"""Name of the format in the metadata."""

LISTS = ("features", "classes")
"""Metadata that are lists of names, written as JSON: NIR's HDF5 files have no arrays of strings."""


def graph_of(network: Network, form: str = "ticks") -> Graph:
    """Return the graph of a network. Raises `NirError` if NIR cannot represent the network.

    The metadata are the fields of the network file without the weights.
    """
    chosen = form_of(form)
    if network.max_spikes != 1:
        raise NirError(
            f"max_spikes is {network.max_spikes}: NIR has no neuron that stops after so many "
            "spikes, only networks of neurons that spike once can be written."
        )
    shapes, more = shapes_of(network), chosen.further_inputs
    first = shapes[0].sources + more, *shapes[0].size
    nodes: dict[str, Node] = {"input": {"type": "Input", "shape": np.array(first)}}
    for layer in range(network.n_layers):
        if layer and shapes[layer - 1].out and not shapes[layer].size:
            nodes[f"flatten_{layer}"] = {
                "type": "Flatten",
                "input_type": np.array((shapes[layer - 1].outputs + more, *shapes[layer - 1].out)),
                "start_dim": np.array(0),
                "end_dim": np.array(-1),
            }
        for name, node in zip(chosen.names, chosen.layer(network, layer), strict=True):
            nodes[f"{name}_{layer}"] = node
    nodes["output"] = {"type": "Output", "shape": np.array([network.shape[-1]])}
    names = list(nodes)
    return Graph(nodes, list(pairwise(names)), metadata_of(network, chosen))


def metadata_of(network: Network, form: Form) -> dict[str, Any]:
    """Return the metadata of a graph: integers, strings and arrays."""
    fields = network.fields()
    metadata = {name: value for name, value in fields.items() if not name.startswith("weights_")}
    for name in metadata.keys() & {*LISTS}:
        metadata[name] = json.dumps(metadata[name].tolist())
    return metadata | {"format": FORMAT, "form": form.name}


def to_nir(graph: Graph) -> Any:
    """Return a `nir.NIRGraph`. Raises `NirError` if the package is missing."""
    nir = optional("nir")
    nodes = {}
    for name, node in graph.nodes.items():
        fields = {field: value for field, value in node.items() if field != "type"}
        if node["type"] in ("Input", "Output"):
            end = node["type"].lower()
            fields = {f"{end}_type": {end: fields["shape"]}}
        else:  # nir accepts single numbers only as Python numbers
            fields = {name: each if each.ndim else each.item() for name, each in fields.items()}
        nodes[name] = getattr(nir, node["type"])(**fields)
    # In its inference of shapes, nir 1.0.8 treats every kernel of Conv2d as square.
    square = all(
        len({*node["weight"].shape[2:]}) == 1
        for node in graph.nodes.values()
        if node["type"] == "Conv2d"
    )
    metadata = dict(graph.metadata)
    return nir.NIRGraph(nodes, list(graph.edges), metadata=metadata, type_check=square)


def write(path: str | os.PathLike[str], graph: Graph) -> None:
    """Write a graph as HDF5. Raises `NirError` if the package is missing, and `OSError`."""
    nir, content = optional("nir"), io.BytesIO()
    nir.write(content, to_nir(graph))  # on a full disk, HDF5 itself would end our process
    replace_file(path, content.getvalue())


def form_of(name: str) -> Form:
    """Return the form with this name. Raises `NirError`."""
    if name not in FORMS:
        raise NirError(f"form is {name!r:.40}: give one of {', '.join(FORMS)}.")
    return FORMS[name]
