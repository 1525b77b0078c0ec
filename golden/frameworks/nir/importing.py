# SPDX-License-Identifier: BSD-2-Clause
"""A network from a graph: one of ours bit for bit, or the real weights of another's.

The weights are those of the graph, whatever the metadata say. What else its nodes say must be what
`graph_of` would write of the same network.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from firstspike.golden.foreign.fields import Fields, NetworkError, integer
from firstspike.golden.layers.kind import weight_range
from firstspike.golden.network import FORMAT as NETWORK_FORMAT
from firstspike.golden.network import LARGEST, Network
from firstspike.golden.system.errors import told_as

from .export import FORMAT, LISTS, form_of, graph_of
from .forms import FORMS, Form
from .graph import ACCEPTED, OURS, Graph, Named, NirError

_CLOSE = 1e-6  # others hand on single precision
_INTEGER = 1e-5  # how near to an integer a weight of ours is


def said_by(graph: Graph) -> Fields | None:
    """Return the metadata of our graph as fields of a network file, None for another's graph."""
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
    said = fields.take("format", str)
    if said != FORMAT:
        raise NirError(f"the metadata's format is {said!r:.40}: this version reads {FORMAT!r}.")
    return fields


def network_of(graph: Graph) -> Network:
    """Return the network that `graph_of` has written, with the graph's weights.

    Raises `NirError` for a graph that is not ours, or where nodes and metadata do not agree, and
    `NetworkError` for what no network can be.
    """
    fields = said_by(graph)
    if fields is None:
        raise NirError("the graph's metadata are not ours: it has real weights to be rounded.")
    with told_as(NirError, "the metadata do not fit: ", NetworkError):
        form = form_of(fields.take("form", str))
        chain = graph.chain()
        layers = _layers(chain, form.kinds)
        return _agreeing(form, chain, layers, fields)


def _agreeing(
    form: Form, chain: Sequence[Named], layers: Sequence[Sequence[Named]], fields: Fields
) -> Network:
    thresholds = _per_layer(fields, "threshold", len(layers), 1, LARGEST)
    weight_bits = _per_layer(fields, "weight_bits", len(layers), 2, 8)
    own = {name: value for name, value in fields.items() if name != "form"}
    n_in = int(fields["inputs"].size)
    for layer, (linear, *_) in enumerate(layers):
        relays = form.further_inputs if layer < len(layers) - 1 else 0
        W = _inner(linear, n_in, form.further_inputs, relays)
        unit = thresholds[layer] if form.name == "time" else 1
        own[f"weights_{layer}"] = w = _integers(linear, W, unit, weight_bits[layer])
        n_in = w.shape[1]
    network = Network.of(Fields({**own, "format": np.array(NETWORK_FORMAT)}))
    expected = graph_of(network, form.name).nodes.values()
    for found, wanted in zip(chain, expected, strict=True):
        for field, value in wanted.items():
            if field == "type":
                continue
            array = found.array(field, np.shape(value))
            differs = ~np.isclose(array, value, rtol=_CLOSE, atol=0)
            if differs.any():
                at = tuple(np.argwhere(differs)[0])
                found.fail(
                    f"{field}{list(map(int, at))} is {array[at]:g}, with the metadata it would be "
                    f"{np.asarray(value)[at]:g}."
                )
    return network


def _per_layer(fields: Fields, name: str, n_layers: int, low: int, high: int) -> list[int]:
    """Return a field of the metadata with one integer per layer, in low..high."""
    values = fields[name]
    if values.shape != (n_layers,) or values.dtype.kind not in "iu":
        raise NirError(
            f"the metadata's {name} is {values.dtype} {list(values.shape)}: the graph has "
            f"{n_layers} layers, and needs an integer for each."
        )
    return [integer(name, value, low, high) for value in values]


def _inner(linear: Named, n_in: int, further: int, relays: int) -> np.ndarray:
    """Return the weights of the network's own neurons from its own inputs, as [neurons, n_in]."""
    W = linear.numbers("weight")
    if W.ndim != 2 or W.shape[1] != n_in + further or len(W) <= relays:
        linear.fail(f"weight is {list(W.shape)}: it must be [neurons, {n_in + further}].")
    return W[: len(W) - relays, :n_in]


def _integers(linear: Named, W: np.ndarray, unit: int, bits: int) -> np.ndarray:
    """Return weights [neurons, n_in] as int32 [n_in, neurons], where `unit` stands for 1."""
    low, high = weight_range(bits)
    w = np.rint(W * unit)
    wrong = (np.abs(W * unit - w) > _INTEGER * np.maximum(1, np.abs(w))) | (w < low) | (w > high)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        of = "" if unit == 1 else f" where {unit} stands for 1"
        linear.fail(
            f"weight{list(map(int, at))} is {W[at]:g}, which is no integer of {bits} bits{of}: "
            "only real weights of form time can be rounded anew, with bits."
        )
    return w.T.astype(np.int32)


def real_weights(graph: Graph) -> list[np.ndarray]:
    """Return the weights of a graph of form time, float64 [n_in, n_out], for a threshold of 1.

    Its neurons are the published ones (DESIGN, section 1), scaled ones too: an impulse of weight w
    raises I by w r / tau and V in the end by that times the r of IF. Raises `NirError`.
    """
    chain = graph.chain()
    layers = _layers(chain, FORMS["time"].kinds)
    weights = []
    (n_in,) = _shape(chain[0])
    for linear, current, membrane in layers:
        W = linear.numbers("weight")
        if W.ndim != 2 or W.shape[1] != n_in or not W.size:
            linear.fail(f"weight is {list(W.shape)}: it must be [neurons, {n_in}].")
        n_in = len(W)
        _all(current, "tau", n_in, 1.0)
        _all(current, "v_leak", n_in, 0.0)
        threshold = membrane.array("v_threshold", (n_in,))
        if threshold.min() <= 0:
            membrane.fail(f"v_threshold is {threshold.min():g}: it must be greater than 0.")
        scale = current.array("r", (n_in,)) * membrane.array("r", (n_in,)) / threshold
        with np.errstate(over="ignore"):
            W = W.T * scale
        if not np.isfinite(W).all():
            linear.fail("its weights are too large.")
        # After a spike V rises by all weights that are positive, at most.
        highest = threshold * (1 - np.maximum(W, 0).sum(axis=0))
        reset = membrane.array("v_reset", (n_in,))
        if np.any(reset > highest):
            neuron = int(np.argmax(reset > highest))
            membrane.fail(
                f"v_reset of neuron {neuron} is {reset[neuron]:g}, from where it can fire again: "
                f"{highest[neuron]:g} or less is accepted, a neuron fires once."
            )
        weights.append(W)
    if _shape(chain[-1]) != (n_in,):
        chain[-1].fail(f"shape is {list(_shape(chain[-1]))}: the last layer has {n_in} neurons.")
    return weights


def _shape(node: Named) -> tuple[int, ...]:
    shape = node.numbers("shape").ravel()
    if len(shape) != 1 or shape[0] < 1 or shape[0] != int(shape[0]):
        node.fail(f"shape is {shape.tolist()!s:.80}: it must be one number, how many there are.")
    return (int(shape[0]),)


def _all(node: Named, field: str, n: int, wanted: float) -> None:
    values = node.array(field, (n,))
    wrong = ~np.isclose(values, wanted, rtol=1e-6, atol=1e-12)
    if wrong.any():
        node.fail(f"{field} is {values[wrong][0]:g}: this neuron's is {wanted:g}.")


def _layers(chain: Sequence[Named], kinds: tuple[str, ...]) -> list[list[Named]]:
    """Return the nodes between input and output, by layers of those types."""
    inner = list(chain[1:-1])
    if not inner:
        raise NirError(f"there is nothing between input and output: accepted is {ACCEPTED}.")
    for at, node in enumerate(inner):
        wanted = kinds[at % len(kinds)]
        if node.kind == "Affine" and wanted == "Linear":
            if np.any(node.numbers("bias")):
                node.fail("its bias is not 0: a neuron has none, but an input can always spike.")
        elif node.kind != wanted:
            node.fail(f"here it would be {wanted}: accepted is {', '.join(kinds)} for each layer.")
    if len(inner) % len(kinds):
        inner[-1].fail(f"the layer ends here: accepted is {', '.join(kinds)} for each layer.")
    return [inner[at : at + len(kinds)] for at in range(0, len(inner), len(kinds))]


def template_of(fields: Fields, n_out: int) -> Network:
    """Return the network of one layer that the metadata describe; all weights are 0."""
    own: Mapping[str, Any] = {
        **{name: value for name, value in fields.items() if name != "form"},
        "format": np.array(NETWORK_FORMAT),
        "weights_0": np.zeros((fields["inputs"].size, n_out), np.int8),
        "weight_bits": np.array([8]),
        "threshold": np.array([1]),
    }
    with told_as(NirError, "the metadata do not fit: ", NetworkError):
        return Network.of(Fields(own))
