"""What a generated core looks like from outside: its ports, their payloads and its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data, wiring

from firstspike.golden.network import Network
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.weights import CHUNK_BITS, chunks_of

_PORTS = {
    "events": "input spikes in order of tick, then END once: that ends the image",
    "words": "bitmap of all pixels of an image, instead of its events: pixel p is bit p % width of "
    "word p // width",
    "decision": "one decision an image, in order",
    "log": "a spike of this hidden layer, in the cycle in which the next layer takes it",
    "weights": "weights to write, and requests to read; to be used between images",
    "weights_read": "an answer to each request to read",
    "labels": "one an image, before it: whether to learn it, and the class it is to have",
    "settings": "the learning rule's registers; taken between images, before the next one begins",
    "learned": "the core could take the next image",
    "abort_image": "high for a cycle: end the image under way, for a source that has stalled",
    "busy": "an image is under way",
}
"""What a port is for, in the order in which the ports are listed; `log` stands for `log_0`, ..."""

_FIELDS = {
    "events.kind": "0 SPIKE, 1 ADVANCE (nothing more is to come before tick), 2 END",
    "events.tick": "1 .. deadline; not looked at with END",
    "events.address": "row of the input, with SPIKE only",
    "decision.class": "the output neuron that decides",
    "decision.tick": "tick of the decision",
    "decision.forced": "no output fired up to the deadline",
    "decision.error": "one of the causes is set",
    "decision.causes.address": "an event's address was no row",
    "decision.causes.tick": "an event's tick was 0 or past the deadline",
    "decision.causes.order": "an event's tick was before that of an earlier one",
    "decision.causes.abort": "the image was aborted",
    "decision.causes.label": "the label was no class",
    "decision.spikes": "spikes into this layer before the tick of the decision",
    "decision.cycles": "clock cycles from the first event or word taken to the decision",
    "weights.write": "1 write, 0 read",
    "weights.layer": "layer, the first is 0",
    "weights.address": "word: group * n_in + row",
    "weights.data": "next chunk of the word, lowest bits first; the last one writes it",
    "labels.learn": "1 learn the image, 0 only decide it",
    "labels.label": "its class",
    "settings.step": "by how much input weights change, in stored units",
    "settings.row_draw": "j: a row of input weights changes with probability 2^-j",
    "settings.output_draw": "j: a hidden neuron's row of output weights does",
    "settings.every_competitor": "every wrong output inside the margin fires later, not one",
    "settings.margin.shift": "of the margin, max(minimum, (tick - unit) >> shift) ticks",
    "settings.margin.minimum": "of the margin, at least 2",
    "settings.seed": "next state of the random generator, 0 to go on with the one it has",
    "learned.valid": "high for a cycle: from the next one on the core can take another image",
    "learned.updated": "whether weights were changed",
    "learned.cycles": "clock cycles from the first event or word until then",
    "log.valid": "a spike of this hidden layer, in the cycle in which the next layer takes it",
    "log.spike": "the spike",
    "weights_read.data": "next chunk of the word, lowest bits first",
    "weights_read.error": "no such layer or address",
    "log.image": "alternates from image to image",
    "log.tick": "tick of the spike",
    "log.neuron": "the neuron that spikes",
}

NOTES = (
    "All ports belong to the rising edge of clk. NAME__valid, NAME__ready and NAME__payload are a "
    "stream: a payload is taken at an edge with valid and ready high; valid is never withdrawn.",
    "Row r is the network's connected input number r; `inputs` lists them. A pixel of level q > 0 "
    "out of N spikes at tick unit + ((N - 1 - q) * 5 * unit) / (N - 1), rounded down; N is 2 for "
    "binary encoding. A dark one (q = 0) spikes at tick `late`, or never if that is -1.",
    "Neuron = group * lanes + lane. A weight word holds the weights of a row for the neurons of a "
    "group, in two's complement, lane 0 in the lowest bits, 0 for lanes without a neuron; it is "
    "written and read in `chunks` chunks. A weight has `stored_bits`, of which the core uses the "
    "top `weight_bits`: they differ only in a core that learns.",
)
"""What a user has to know besides the ports."""


def fields(layout: data.Layout, prefix: str = "", base: int = 0) -> Iterator[tuple[str, int, int]]:
    """Every elementary field of a layout: its name (dotted if nested), offset and width in bits."""
    for key, field in layout:
        name, offset = f"{prefix}{key}", base + field.offset
        inner = field.shape
        if isinstance(inner, type) and issubclass(inner, data.Struct):
            inner = data.Layout.cast(inner)
        if isinstance(inner, data.Layout):
            yield from fields(inner, f"{name}.", offset)
        else:
            yield name, offset, Shape.cast(inner).width


def describe(core: Core, network: Network) -> dict[str, Any]:
    """The interface of a core as JSON can hold it: `parameters`, `layers`, `ports` and `notes`.

    A port has its name (`NAME__valid`, `NAME__ready` and `NAME__payload` where `stream` is
    true), the direction of its data, width, meaning and, of a packed payload, the fields.
    """
    config = core.config
    ports = [
        _port("clk", "in", 1, "clock"),
        _port("rst", "in", 1, "synchronous reset, active high, at any moment"),
    ]
    order = list(_PORTS)
    members = [
        (order.index(kind), name, kind, member)
        for name, member in core.signature.members.items()
        for kind in ["log" if name.startswith("log_") else name]
    ]
    for _, name, kind, member in sorted(members, key=lambda entry: entry[0]):
        direction = "in" if member.flow is wiring.In else "out"
        if member.is_port:
            ports.append(_port(name, direction, Shape.cast(member.shape).width, _PORTS[kind]))
        elif "payload" not in member.signature.members:  # a tap
            for part, inner in member.signature.members.items():
                width, meaning = Shape.cast(inner.shape).width, _FIELDS[f"{kind}.{part}"]
                ports.append(_port(f"{name}__{part}", direction, width, meaning, inner.shape, kind))
        else:
            payload = member.signature.members["payload"].shape
            width = Shape.cast(payload).width
            ports.append(
                _port(name, direction, width, _PORTS[kind], payload, kind) | {"stream": True}
            )
    return {
        "parameters": {
            "shape": list(network.shape),
            "network": network.digest(),
            "unit": network.unit,
            "deadline": network.deadline,
            "encoding": network.encoding,
            "late": network.late,
            "inputs": network.inputs.tolist(),
            "bitmap": config.bitmap,
        },
        "layers": [_layer(layer) for layer in config.layers],
        "ports": ports,
        "notes": list(NOTES),
    }


def _layer(layer) -> dict[str, int]:
    folding = layer.folding
    return {
        "n_in": folding.n_in,
        "n_out": folding.n_out,
        "lanes": folding.lanes,
        "groups": folding.groups,
        "window": folding.window,
        "weight_bits": layer.weight_bits,
        "stored_bits": layer.weight_bits + layer.unused_bits,
        "threshold": layer.threshold,
        "slope_bits": layer.widths.S,
        "potential_bits": layer.widths.M,
        "words": layer.words,
        "word_bits": layer.word.size,
        "chunks": chunks_of(layer),
        "chunk_bits": CHUNK_BITS,
    }


def _port(name, direction, width, meaning, layout=None, kind=None) -> dict[str, Any]:
    port = {"name": name, "direction": direction, "width": width, "meaning": meaning}
    if isinstance(layout, data.Layout):
        port["fields"] = [
            {
                "name": field,
                "offset": offset,
                "width": size,
                "meaning": _FIELDS.get(f"{kind}.{field}")
                or _FIELDS[f"{kind}.{field.rsplit('.', 1)[0]}"],
            }
            for field, offset, size in fields(layout)
        ]
    return port


def wires(port: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    """The Verilog ports that a port of `describe` consists of: name, direction, width."""
    if not port.get("stream"):
        yield port["name"], port["direction"], port["width"]
        return
    back = "out" if port["direction"] == "in" else "in"
    yield f"{port['name']}__valid", port["direction"], 1
    yield f"{port['name']}__ready", back, 1
    yield f"{port['name']}__payload", port["direction"], port["width"]
