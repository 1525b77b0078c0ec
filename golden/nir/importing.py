# SPDX-License-Identifier: BSD-2-Clause
"""Imports a network from a graph that FirstSpike exported, bit for bit.

The weights come from the graph, regardless of the metadata. All other values of the nodes must be
those that `graph_of` would write for the same network.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from firstspike.golden.foreign.fields import Fields, NetworkError, integer
from firstspike.golden.layers.geometry import Geometry, from_json
from firstspike.golden.layers.kind import weight_range
from firstspike.golden.network import FORMAT as NETWORK_FORMAT
from firstspike.golden.network import LARGEST, Network
from firstspike.golden.system.errors import convert_errors

from .chain import LayerNodes, layers_in
from .export import FORMAT, LISTS, form_of, graph_of
from .forms import Form
from .graph import CONVOLVING, OURS, Graph, Named, NirError
from .real_weights import check_node

_CLOSE = 1e-6  # other tools save in single precision
_INTEGER = 1e-5  # largest distance of a weight from an integer


def metadata_of(graph: Graph) -> Fields | None:
    """Return the metadata of an exported graph as fields of a network file; otherwise None."""
    if not str(graph.metadata.get("format", "")).startswith(OURS):
        return None
    fields = Fields()
    for name, value in graph.metadata.items():
        if name in LISTS:
            try:
                value = np.array(json.loads(str(value)), str)
            except (ValueError, RecursionError):
                raise NirError(f"the metadata's {name} is no list in JSON.") from None
        fields[name] = np.asarray(value)
    with convert_errors(NirError, "the metadata's ", NetworkError):
        fields.check_format(FORMAT)
    return fields


def network_of(graph: Graph) -> Network:
    """Return the network from which `graph_of` made the graph, with the graph's weights.

    Raises `NirError` for a graph that FirstSpike did not export, or if nodes and metadata disagree,
    and `NetworkError` for values that no network can have.
    """
    fields = metadata_of(graph)
    if fields is None:
        raise NirError("the graph's metadata are not ours: it has real weights to be rounded.")
    with convert_errors(NirError, "the metadata do not fit: ", NetworkError):
        form = form_of(fields.take("form", str))
        chain = graph.chain()
        return _agreeing(form, chain, layers_in(chain, form.kinds), fields)


def _agreeing(
    form: Form, chain: Sequence[Named], layers: Sequence[LayerNodes], fields: Fields
) -> Network:
    thresholds = _per_layer(fields, "threshold", len(layers), 1, LARGEST)
    weight_bits = _per_layer(fields, "weight_bits", len(layers), 2, 8)
    geometry = _geometry(fields, len(layers))
    own = {name: value for name, value in fields.items() if name != "form"}
    n_in, n_positions = int(fields["inputs"].size), 1
    for layer, (_, connection, _) in enumerate(layers):
        check_node(connection)
        relays = form.further_inputs if layer < len(layers) - 1 else 0
        of = geometry[layer]
        if of is not None:
            n_in, n_positions = n_in // math.prod(of.size), 1
        W = _inner(connection, n_in, form.further_inputs * n_positions, relays)
        unit = thresholds[layer] if form.name == "time" else 1
        own[f"weights_{layer}"] = w = _integers(connection, W, unit, weight_bits[layer])
        n_positions = 1 if of is None else math.prod(of.out)
        n_in = w.shape[1] * n_positions
    network = Network.of(Fields({**own, "format": np.array(NETWORK_FORMAT)}))
    expected = graph_of(network, form.name).nodes.values()
    for node, exported in zip(chain, expected, strict=False):
        if node.kind != exported["type"] and (node.kind, exported["type"]) != ("Affine", "Linear"):
            node.fail(f"with the metadata it would be {exported['type']}.")
        for field, value in exported.items():
            if field == "type":
                continue
            array = node.array(field, np.shape(value))
            differs = ~np.isclose(array, value, rtol=_CLOSE, atol=0)
            if differs.any():
                at = tuple(np.argwhere(differs)[0])
                node.fail(
                    f"{field}{list(map(int, at))} is {array[at]:g}, with the metadata it would be "
                    f"{np.asarray(value)[at]:g}."
                )
    return network


def _geometry(fields: Fields, n_layers: int) -> tuple[Geometry | None, ...]:
    """Return the geometry of each layer in the metadata."""
    if "geometry" not in fields:
        return (None,) * n_layers
    geometry = from_json(fields.take("geometry", str))
    if len(geometry) != n_layers:
        raise NirError(
            f"the metadata's geometry has {len(geometry)} entries: the graph has {n_layers} layers."
        )
    return geometry


def _per_layer(fields: Fields, name: str, n_layers: int, low: int, high: int) -> list[int]:
    """Return a field of the metadata with one integer per layer, in low..high.

    Raises `NetworkError`.
    """
    values = fields[name]
    if values.shape != (n_layers,) or values.dtype.kind not in "iu":
        raise NirError(
            f"the metadata's {name} is {values.dtype} {list(values.shape)}: the graph has "
            f"{n_layers} layers, and needs an integer for each."
        )
    return [integer(name, value, low, high) for value in values]


def _inner(connection: Named, n_in: int, further: int, relays: int) -> np.ndarray:
    """Return the weights of the network's own neurons, [neurons or filters, n_in, *kernel]."""
    W = connection.numbers("weight")
    kernel = CONVOLVING.get(connection.kind, 0)
    if W.ndim != 2 + kernel or W.shape[1] != n_in + further or len(W) <= relays:
        of = "filters" if kernel else "neurons"
        connection.fail(
            f"weight is {list(W.shape)}: it must be [{of}, {n_in + further}{', size' * kernel}]."
        )
    return W[: len(W) - relays, :n_in]


def _integers(connection: Named, W: np.ndarray, unit: int, bits: int) -> np.ndarray:
    """Return weights as int32 [n_in * taps, outputs], where `unit` represents 1."""
    low, high = weight_range(bits)
    w = np.rint(W * unit)
    wrong = (np.abs(W * unit - w) > _INTEGER * np.maximum(1, np.abs(w))) | (w < low) | (w > high)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        of = "" if unit == 1 else f" where {unit} stands for 1"
        connection.fail(
            f"weight{list(map(int, at))} is {W[at]:g}, which is no integer of {bits} bits{of}: "
            "only real weights of form time can be rounded anew, with bits."
        )
    return w.reshape(len(w), -1).T.astype(np.int32)


def template_of(fields: Fields, n_out: int) -> Network:
    """Return the one-layer network that the metadata describe; all weights are 0."""
    own: Mapping[str, Any] = {
        **{name: value for name, value in fields.items() if name not in ("form", "geometry")},
        "format": np.array(NETWORK_FORMAT),
        "weights_0": np.zeros((fields["inputs"].size, n_out), np.int8),
        "weight_bits": np.array([8]),
        "threshold": np.array([1]),
    }
    with convert_errors(NirError, "the metadata do not fit: ", NetworkError):
        return Network.of(Fields(own))
