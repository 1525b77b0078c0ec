# SPDX-License-Identifier: BSD-2-Clause
"""Creates the content of a page: weights, samples with the golden model's results, and cores."""

import base64
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

import numpy as np

from firstspike.boards.building.design import image_cycles
from firstspike.boards.building.plan import plan_for
from firstspike.boards.building.shipped_builds import builds_of
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Features, Folding, Network, encode, infer
from firstspike.golden.data import preparation
from firstspike.golden.data.images import GROUNDS, ground_of
from firstspike.golden.data.typical_digits import TypicalDigits, takes_digits
from firstspike.golden.encodings.encoding import Encoding
from firstspike.golden.encodings.registry import encoder_in
from firstspike.golden.encodings.samples import SampleKind
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.kind import LayerKind
from firstspike.golden.timing import figures, latencies
from firstspike.golden.timing.layer import SERIALISER_BLOCK
from firstspike.golden.timing.shape import lanes_text
from firstspike.golden.widths import state_widths
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.scripts.errors import VerbError
from firstspike.scripts.output import counted

PREPARATION = {name: value for name, value in vars(preparation).items() if name.isupper()}
"""The constants of the preparation of photos, for `preparation.js`."""

MOST_BITS = 50
"""Largest width of M: up to here a division of doubles in the page rounds like one of integers."""

_AT_ONCE = 100
"""Images whose cycles are counted in one call: a signal waits until compiled code returns."""


def content(
    network: Network,
    title: str,
    samples: np.ndarray,
    labels: Sequence[int | None],
    shown: bool,
) -> dict[str, Any]:
    """Return the content for `main.js`, with JSON values.

    `samples`: [n, ...] as `encode` accepts them; the page checks itself against their decisions,
    spikes and cycles, and offers them for display if `shown`. Raises `VerbError` for a network
    without page support.
    """
    check(network)
    coding = encoder_of(network)
    takes = coding.takes(network.features)
    ticks = encode(network, samples)
    results = infer(network, ticks)
    cores = list(cores_of(network, ticks))
    flat = samples.reshape(len(samples), -1)
    features = network.features
    image = image_shape(network, samples) if takes is SampleKind.PIXELS else None
    if features is not None:
        flat = features.filled(flat)
    values = {SampleKind.PIXELS: flat, SampleKind.TICKS: ticks}.get(takes, flat.astype(np.float64))
    return {
        "title": title,
        "sizes": network.shape[1:],
        "columns": [kind.columns for kind in network.layers],
        "convolutions": [_convolution(kind) for kind in network.layers],
        "weights": [packed(weights.astype(np.int8)) for weights in network.weights],
        "thresholds": network.thresholds,
        "unit": network.unit,
        "deadline": network.deadline,
        "encoding": _encoding_record(network, coding),
        "features": features.names if features else (),
        "choices": choices(features, flat) if features and takes is SampleKind.TABLE else (),
        "image": image,
        "ground": _ground(network, flat.reshape(-1, *image) if image and shown else None),
        "preparation": PREPARATION,
        "sound": _front_end(network),
        "usual": asdict(TypicalDigits.of(network)) if takes_digits(network) else None,
        "classes": [network.class_name(output) for output in range(network.shape[-1])],
        "samples": packed(values),
        "labels": list(labels) if shown else None,
        "cores": [core for _, core in cores],
        "expected": {
            "decision": results.decision.tolist(),
            "tick": results.tick.tolist(),
            "forced": results.forced.tolist(),
            "spikesIn": results.spikes_in.tolist(),
            "hidden": [packed(spikes.astype(np.int32)) for spikes in results.known_hidden()],
            "cycles": [_cycles(network, folding, ticks) for folding, _ in cores],
        },
    }


def choices(features: Features, samples: np.ndarray) -> list[dict[str, Any]]:
    """Return the columns of texts, of features COLUMN=TEXT: records `Choice` of `samples.js`.

    Features with other values in `samples` [n, n_features], or with several 1 in a sample, belong
    to columns of numbers, or to several columns.
    """
    assert features.edges is not None
    found: list[dict[str, Any]] = []
    columns = groupby(enumerate(features.names), lambda named: named[1].partition("=")[:2])
    for (column, equals), named in columns:
        places, names = zip(*named, strict=True)
        part = slice(places[0], places[-1] + 1)
        edges, values = features.edges[part], samples[:, part]
        one_hot = np.isin(values, (0, 1)).all() and values.sum(axis=1).max() <= 1
        if equals and len(names) > 1 and edges.min() >= 0 and edges.max() <= 1 and one_hot:
            texts = [name.removeprefix(f"{column}=") for name in names]
            missing = features.medians is not None and not features.medians[part].any()
            choice = {"column": column, "first": part.start, "texts": texts, "missing": missing}
            found.append(choice)
    return found


def _cycles(network: Network, folding: Folding, ticks: np.ndarray) -> list[int]:
    """Return the clock cycles of images, int32 [n, n_rows]."""
    parts = np.split(ticks, range(_AT_ONCE, len(ticks), _AT_ONCE))
    return [count for part in parts for count in image_cycles(network, folding, part).tolist()]


def _convolution(kind: LayerKind) -> dict[str, Any] | None:
    """Return the record `Told` of `layer.js`, None for a dense layer."""
    if not isinstance(kind, Convolution):
        return None
    geometry = kind.geometry
    return {
        "maps": kind.maps,
        "kernel": geometry.kernel,
        "out": geometry.out,
        "touched": [packed(part.astype(np.int32)) for part in geometry.touched],
    }


def encoder_of(network: Network) -> Encoding:
    """Return the encoding that the page computes itself; for others it receives spike ticks."""
    return encoder_in("JavaScript", network.coding)


def _ground(network: Network, images: np.ndarray | None) -> str | None:
    """Return the ground for drawing, one of `GROUNDS`, None if it is unknown.

    The network file stores the ground of the training images. If it does not, the ground of the
    images [n, height, width] is used.
    """
    if takes_digits(network) or network.sound is not None:
        return "dark"
    learned = network.meta.get("ground")
    if learned in GROUNDS:
        return learned
    return None if images is None else ground_of(images)


def _front_end(network: Network) -> dict[str, Any] | None:
    """Return the record `Sound` of `sound.js`, None for networks of other samples."""
    sound = network.sound
    if sound is None:
        return None
    hertz = [sound.filters[at].resonance(sound.rate) for at in (0, -1)]
    return asdict(sound) | {"hertz": hertz, "seconds": sound.seconds(sound.window)}


def _encoding_record(network: Network, coding: Encoding) -> dict[str, Any]:
    """Return the record `Told` of `encoding.js`."""
    data = coding.encoder_data(network)
    return {
        "kind": coding.KIND,
        "samples": coding.takes(network.features).value,
        "how": coding.how(network.features),
        "inputs": network.inputs.tolist(),
        "numbers": data.numbers,
        "tables": {name: table.values.tolist() for name, table in data.tables.items()},
    }


def check(network: Network) -> None:
    """Raise `VerbError` for a network without page support."""
    if network.max_spikes != 1:
        raise VerbError(
            f"the neurons of this network spike up to {network.max_spikes} times per image: "
            "a page, like the hardware, takes networks whose neurons spike once"
        )
    widest = max(widths.M for widths in state_widths(network))
    if widest > MOST_BITS:
        raise VerbError(
            f"the potentials of this network have {widest} bits: a page counts with up to "
            f"{MOST_BITS}; train with a smaller threshold or deadline"
        )


def image_shape(network: Network, samples: np.ndarray) -> list[int]:
    """Return height and width of the network's images, from samples or maps, otherwise of a square.

    Maps are below one another. Raises `VerbError`.
    """
    if samples.ndim == 3:
        return list(samples.shape[1:])
    sound = network.sound
    if sound is not None:
        return [sound.frames, len(sound.filters)]
    first = network.layers[0]
    if isinstance(first, Convolution):
        width = first.geometry.size[1]
        return [network.n_features // width, width]
    side = math.isqrt(network.n_features)
    if side * side != network.n_features:
        raise VerbError(
            f"the network's {network.n_features} pixels make no square image: name a folder of "
            "images by --dataset, which says how wide they are"
        )
    return [side, side]


def random_samples(network: Network, count: int) -> np.ndarray:
    """Return samples for the self-check if there are no others: [count, n_features].

    The page of a table opens with the first sample, which is inside the training range: the medians
    if the network has them, otherwise the middle of each feature's edges. Raises `VerbError`.
    """
    if encoder_of(network).takes(network.features) is SampleKind.TICKS:
        raise VerbError(
            "samples of this network are neither drawn nor set by sliders: give samples to choose "
            "from by --dataset"
        )
    rng = np.random.default_rng(1)
    size = (count, network.n_features)
    if network.features is None or network.features.edges is None:
        return rng.integers(0, 256, size, dtype=np.uint8)
    edges = network.features.edges
    room = np.ptp(edges, axis=1) + 1
    samples = rng.uniform(edges[:, 0] - room, edges[:, -1] + room, size)
    medians = network.features.medians
    samples[0] = edges[:, 0] / 2 + edges[:, -1] / 2 if medians is None else medians
    for choice in choices(network.features, np.zeros(size)):
        part = samples[medians is not None :, choice["first"] :][:, : len(choice["texts"])]
        part[:] = np.eye(part.shape[1])[rng.integers(part.shape[1], size=len(part))]
    return samples


def cores_of(network: Network, ticks: np.ndarray) -> Iterator[tuple[Folding, dict[str, Any]]]:
    """Yield the known builds of a network behind the link.

    Without known builds, yield the design that is planned for images `ticks` [n, n_rows] on each
    board, or a core of 64 lanes if the network fits on no board.
    """
    designs = [
        (board.title, design)
        for board in BOARDS.values()
        for build, design in builds_of(network, board)
        if build.board == board.name and not build.shape.overlap  # yields those for other boards
    ]
    clock = "{:g} MHz" if designs else "{:g} MHz if a build meets it"
    if not designs:
        plans = [plan_for(network, board, ticks=ticks) for board in BOARDS.values()]
        designs = [(plan.board.title, plan.design) for plan in plans if plan.design]
    boards: dict[tuple[Folding, int | None], list[str]] = {}
    for title, design in designs:
        boards.setdefault((design.config.folding, design.hz), []).append(title)
    for (folding, hz), titles in (boards or {(linked_folding(network), None): ["core"]}).items():
        yield folding, core_of(network, folding, titles, hz, clock)


def core_of(
    network: Network, folding: Folding, boards: Sequence[str], hz: int | None, clock: str = ""
) -> dict[str, Any]:
    """Return the record `Core` of `source.js`; `clock` is the text for a number of MHz."""
    layers = figures.core_of(network, folding).layers
    shape: dict[str, Any] = {name: layers[name] for name in (*figures.FIGURES, "positions")}
    shape |= {"deadline": network.deadline, "serialiser_block": SERIALISER_BLOCK}
    shape["latency"] = {name: getattr(latencies, name) for name in figures.LATENCIES}
    lanes = f"{lanes_text(folding.lanes)} lane{'s' * (folding.lanes != 1)}"
    layout = f"{lanes}, {counted(folding.layers[0].rows, 'row')} per cycle"
    if hz:
        layout += ", " + clock.format(hz / MHZ)
    board = ", ".join(boards)
    return {"board": board, "hz": hz, "layout": layout, "bitmap": folding.bitmap, "shape": shape}


def packed(array: np.ndarray) -> dict[str, Any]:
    """Return an array in the format of `unpack.js`."""
    types = {"u1": "Uint8Array", "i1": "Int8Array", "i4": "Int32Array", "f8": "Float64Array"}
    data = zlib.compress(array.astype(array.dtype.newbyteorder("<")).tobytes(), 9)
    return {
        "type": types[array.dtype.str[1:]],
        "shape": array.shape,
        "data": base64.b64encode(data).decode(),
    }
