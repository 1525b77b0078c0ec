# SPDX-License-Identifier: BSD-2-Clause
"""The description of a generated core's interface: ports, payloads and parameters."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from amaranth.hdl import Shape, ShapeLike
from amaranth.lib import data, wiring

from firstspike.golden.encoding import encode
from firstspike.golden.layers.registry import geometry_of
from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.words import CHUNK_BITS, chunks_of
from firstspike.hdl.lib.layouts import fields, meaning

_MAY_BE_UNUSED = ("words", "weights", "weights_read", "labels", "settings", "abort_image")
"""Ports that a design may leave unused; with a bitmap also `events`."""

_PORT_NOTES = (
    "All ports are synchronous to the rising edge of clk. NAME__valid, NAME__ready and "
    "NAME__payload are a stream: a payload is accepted at an edge with valid and ready high. Until "
    "then, core and source keep valid high and the payload stable, with one exception: in the "
    "cycle after abort_image, the source withdraws the event or word that it offers, unless the "
    "core has accepted it.",
    "Drive every input, and an unused input with its listed value: an open input is undefined, and "
    "an undefined valid stops the core. Outputs may be left open.",
    "A reset takes one edge with rst high, and an event may be offered in the next cycle. Where "
    "registers have initial values, as in FPGAs and simulators, no reset is needed at power-up.",
    "The next image may follow at once: its first event, or word of a bitmap, waits until the "
    "previous image has left the core and its decision has been accepted. Send END for every "
    "image, even if its decision came before. Events of one tick may come in any order.",
    "Names in backquotes in these notes are keys of the JSON file.",
)
_ROW_NOTE = (
    "Row: an event has the row of its input, not the input's number. Row r belongs to the input of "
    "number `inputs[r]`. Inputs that are not in `inputs` are not connected: leave them out."
)
_NAMES_NOTE = (
    "Output neuron k stands for the class `classes[k]`. If features have names, that of feature i "
    "is `features.features[i]`."
)
_WEIGHT_NOTE = (
    "Neuron = group * lanes + lane. A weight word holds the weights of a row for the neurons of a "
    "group, in two's complement, lane 0 in the lowest bits, 0 for lanes without a neuron; it is "
    "written and read in `chunks` chunks. A weight has `stored_bits`, of which the core uses the "
    "top `weight_bits`: they differ only in a core that learns."
)
"""Notes for users on the ports and on the numbers of the weights."""

_CONVOLUTION_NOTE = (
    "A layer with a `geometry` convolves, and each pair there is (down, across). With regard to "
    "weights a filter stands for the neuron, and the row is (map * kernel rows + tap down) * "
    "kernel columns + tap across. Inputs and neurons are numbered map by map, then row by row."
)
_MISSING_NOTE = (
    "The host replaces a missing value of feature i by `features.medians[i]`. A row r whose "
    "feature is missing spikes at tick `missing_ticks[r]`; 0 means never."
)
_BITMAP_NOTE = (
    "A bitmap has `bitmap_words` words per image, with a bit for each input, connected or not. If "
    "the first layer adds several `rows` per cycle, the bitmap has bits for `inputs` only, in "
    "the order of that list. A bit is 1 if the level of its input is not 0. The last word has "
    "`bitmap_last_bits` bits in its lowest bits; the core ignores the bits above."
)


def describe(config: CoreConfig, network: Network) -> dict[str, Any]:
    """Return the interface of a core for JSON: `parameters`, `layers`, `ports` and `notes`.

    A port has a name (`NAME__valid`, `NAME__ready` and `NAME__payload` if `stream` is true), the
    direction of its data, width, meaning and, for a packed payload, the fields. `unused`, for a
    port that may be unused, holds the values of its inputs in this case.
    """
    ports = [
        _port("clk", "in", 1, "clock"),
        _port("rst", "in", 1, "synchronous reset, active high, at any moment"),
    ]
    signature = CoreSignature(config)
    for name, explained in signature.meanings.items():
        member = signature.members[name]
        direction = "in" if member.flow is wiring.In else "out"
        if member.is_port:
            ports.append(_port(name, direction, member.shape, explained))
        elif "payload" in member.signature.members:
            payload = member.signature.members["payload"].shape
            ports.append(_port(name, direction, payload, explained) | {"stream": True})
        else:  # a tap
            for part, about_part in member.signature.meanings.items():
                shape = member.signature.members[part].shape
                ports.append(_port(f"{name}__{part}", direction, shape, about_part))
    for port in ports:
        if port["name"] in _MAY_BE_UNUSED or (config.bitmap and port["name"] == "events"):
            port["unused"] = {
                name: int(name == "labels__valid")  # learn = 0, for every image
                for name, direction, _ in wires(port)
                if direction == "in"
            }
    about, notes = describe_network(config, network)
    return {**about, "ports": ports, "notes": [*_PORT_NOTES, *notes]}


def describe_network(config: CoreConfig, network: Network) -> tuple[dict[str, Any], list[str]]:
    """Return `parameters` and `layers` of a core, and the notes on them."""
    bitmap, bitmap_words, last_bits = config.bitmap, None, None
    features = None if network.features is None else network.features.fields()
    missing = _missing(network)
    if bitmap and config.n_inputs:
        bitmap_words = -(-config.n_inputs // bitmap)
        last_bits = config.n_inputs - (bitmap_words - 1) * bitmap
    about = {
        "parameters": {
            "shape": list(network.shape),
            "network": network.digest(),
            "unit": network.unit,
            "deadline": network.deadline,
            "encoding": network.encoding,
            "late": network.late,
            "inputs": network.inputs.tolist(),
            "bright_from": -(-256 // network.levels) if network.takes_pixels else None,
            "features": features
            and {name: np.asarray(value).tolist() for name, value in features.items()},
            "classes": list(network.classes),
            "bitmap": bitmap,
            "bitmap_words": bitmap_words,
            "bitmap_last_bits": last_bits,
            **missing,
        },
        "layers": [_layer(layer) for layer in config.layers],
    }
    notes = [
        *network.coding.NOTES,
        _ROW_NOTE,
        *[_MISSING_NOTE] * bool(missing),
        *[_NAMES_NOTE] * bool(network.classes),
    ]
    notes += [_WEIGHT_NOTE, *[_CONVOLUTION_NOTE] * config.convolves, *[_BITMAP_NOTE] * bool(bitmap)]
    return about, notes


def _missing(network: Network) -> dict[str, list[int]]:
    """Return the tick of each row for a missing feature; empty if no value may be missing."""
    if network.features is None or network.features.medians is None:
        return {}
    ticks = encode(network, np.full((1, network.n_features), np.nan))
    return {"missing_ticks": ticks[0].tolist()}


def _layer(layer: LayerConfig) -> dict[str, Any]:
    folding, (geometry,) = layer.folding, geometry_of([layer.folding.kind])
    convolves = {"geometry": asdict(geometry)} if geometry else {}
    return {
        "n_in": folding.n_in,
        "n_out": folding.n_out,
        "lanes": folding.lanes,
        "groups": folding.groups,
        "window": folding.window,
        "rows": folding.rows,
        "weight_bits": layer.weight_bits,
        "stored_bits": layer.stored_bits,
        "threshold": layer.threshold,
        "slope_bits": layer.widths.S,
        "potential_bits": layer.widths.M,
        "words": layer.words,
        "word_bits": layer.word_bits,
        "chunks": chunks_of(layer),
        "chunk_bits": CHUNK_BITS,
        **convolves,
    }


def _port(name: str, direction: str, shape: ShapeLike, about: str) -> dict[str, Any]:
    port: dict[str, Any] = {
        "name": name,
        "direction": direction,
        "width": Shape.cast(shape).width,
        "meaning": about,
    }
    if isinstance(shape, data.Layout):
        port["fields"] = [
            {"name": field, "offset": offset, "width": width, "meaning": meaning(shape, field)}
            for field, offset, width in fields(shape)
        ]
    return port


def wires(port: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Yield name, direction and width of the Verilog ports of a port of `describe`."""
    if not port.get("stream"):
        yield port["name"], port["direction"], port["width"]
        return
    back = "out" if port["direction"] == "in" else "in"
    yield f"{port['name']}__valid", port["direction"], 1
    yield f"{port['name']}__ready", back, 1
    yield f"{port['name']}__payload", port["direction"], port["width"]
