# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike info`: describes a network file."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import click
import numpy as np

from firstspike.golden import Features, Network, load_network, shipped
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.kind import LayerKind
from firstspike.golden.widths import state_widths
from firstspike.scripts.output import json_option, json_result, say, table
from firstspike.scripts.paths import NetworkName, Verb
from firstspike.scripts.training_summary import sentences

_SHOWN = 8  # features up to which the edges are listed


@click.command(cls=Verb)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@json_option
def command(net: str, json_path: str | None) -> None:
    """Say what is in the network NET: sizes, weights, times, encoding and how it was made.

    Example: firstspike info mnist-4bit
    """
    network = load_network(net)
    with json_result(json_path) as write:
        facts = facts_of(network)
        say(report(net, network, facts))
        write(facts)


def facts_of(network: Network) -> dict[str, Any]:
    """Return all facts of a network except the weights, with JSON values."""
    return {
        "shape": list(network.shape),
        "connected_inputs": len(network.inputs),
        "encoding": network.encoding,
        "levels": network.levels,
        "late": network.late,
        "features": None if network.features is None else features_of(network.features),
        "classes": list(network.classes),
        "unit": network.unit,
        "deadline": network.deadline,
        "max_spikes": network.max_spikes,
        "layers": [
            {
                "n_in": layer.n_in,
                "n_out": layer.n_out,
                "weight_bits": bits,
                "threshold": threshold,
                "weights": w.size,
                "zero_weights": int(w.size - np.count_nonzero(w)),
                "smallest_weight": int(w.min()),
                "largest_weight": int(w.max()),
                "bits_of_S": widths.S,
                "bits_of_M": widths.M,
                "convolution": convolution_of(layer),
            }
            for layer, w, bits, threshold, widths in zip(
                network.layers,
                network.weights,
                network.weight_bits,
                network.thresholds,
                state_widths(network),
                strict=True,
            )
        ],
        "digest": network.digest(),
        "meta": network.meta,
    }


def convolution_of(layer: LayerKind) -> dict[str, Any] | None:
    """Return the parameters of a convolving layer, None for another; pairs are [down, across]."""
    if not isinstance(layer, Convolution):
        return None
    of = layer.geometry
    return {
        "maps": layer.maps,
        "filters": layer.filters,
        "size": list(of.size),
        "kernel": list(of.kernel),
        "stride": list(of.stride),
        "padding": list(of.padding),
        "positions": list(of.out),
    }


def features_of(features: Features) -> dict[str, Any]:
    """Return the description of the samples in a network's file, without the edges."""
    edges = features.edges
    return {
        "names": list(features.names),
        "complement": features.complement,
        "constant": features.constant,
        "steps": features.steps,
        "sound": features.sound and json.loads(features.sound.to_json()),
        "motion": features.motion and json.loads(features.motion.to_json()),
        "lowest_edge": None if edges is None else edges.min(axis=1).tolist(),
        "highest_edge": None if edges is None else edges.max(axis=1).tolist(),
        "medians": None if features.medians is None else features.medians.tolist(),
    }


def _features(features: Features | None) -> Iterator[tuple[str, str]]:
    if features is None:
        return
    if features.sound:
        yield "sound", features.sound.sentence()
    if features.motion:
        yield "motion", features.motion.sentence()
    more = [name for name in ("complement", "constant") if getattr(features, name)]
    if features.steps:
        more.append(f"time series of {features.steps} steps")
    yield "further inputs", ", ".join(more) or "none"
    if features.edges is not None:
        low, high = features.edges.min(axis=1), features.edges.max(axis=1)
        named = features.names or range(len(low))
        more_features = ", ..." * (len(low) > _SHOWN)
        edges = islice(zip(named, low, high, strict=True), _SHOWN)
        yield "edges", ", ".join(f"{name} {a:.4g}..{b:.4g}" for name, a, b in edges) + more_features
        medians = zip(named, () if features.medians is None else features.medians, strict=False)
        shown = ", ".join(f"{name} {one:.4g}" for name, one in islice(medians, _SHOWN))
        yield "missing values", shown + more_features if shown else "refused"


def report(net: str, network: Network, facts: dict[str, Any]) -> str:
    """Return the facts of a network as text."""
    dark = "never spike" if facts["late"] < 0 else f"spike at tick {facts['late']}"
    encoding = [facts["encoding"], *[f"inputs of level 0 {dark}"] * bool(facts["levels"])]
    rows = [
        ("network", net),
        ("shape", "-".join(map(str, facts["shape"]))),
        ("connected inputs", f"{facts['connected_inputs']} of {facts['shape'][0]}"),
        ("encoding", "; ".join(encoding)),
        *_features(network.features),
        *([("classes", ", ".join(facts["classes"]))] if facts["classes"] else []),
        ("time", f"z = 1 is {facts['unit']} ticks, deadline at tick {facts['deadline']}"),
        ("spikes of a neuron", f"at most {facts['max_spikes']} per image"),
        ("digest", facts["digest"]),
    ]
    layers = [
        ("layer", "in", "out", "bits", "threshold", "weights", "zero", "bits of S", "bits of M"),
        *(
            (
                index,
                *(layer[name] for name in ("n_in", "n_out", "weight_bits", "threshold")),
                f"{layer['smallest_weight']}..{layer['largest_weight']}",
                f"{layer['zero_weights'] / layer['weights']:.1%}",
                layer["bits_of_S"],
                layer["bits_of_M"],
            )
            for index, layer in enumerate(facts["layers"])
        ),
    ]
    convolving = [
        (index, *(_pair(value) for value in layer["convolution"].values()))
        for index, layer in enumerate(facts["layers"])
        if layer["convolution"]
    ]
    if convolving:
        names = ("maps", "filters", "size of a map", "kernel", "stride", "padding", "positions")
        convolving = [("layer", *names), *convolving]
    named = f"Networks that come with the package: {', '.join(shipped())}"
    origin = "\n".join(sentences(facts["meta"]))
    tables = [table(rows, str.ljust), table(layers), table(convolving) if convolving else ""]
    return "\n\n".join(filter(None, [*tables, origin, named]))


def _pair(value: int | list[int]) -> str:
    return f"{value}" if isinstance(value, int) else " x ".join(map(str, value))
