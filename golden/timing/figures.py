# SPDX-License-Identifier: BSD-2-Clause
"""The figures of a core from which its cycles are counted, by the cycle model and the web page."""

from collections import namedtuple
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.network import Network

from . import latencies
from .folding import Folding
from .layer import MASK_FIFO_DEPTH, SERIALISER_BLOCK, LayerFolding

# The figures are arguments: compiled code would otherwise keep the values of its compilation.
_NAMES = [name for name in vars(latencies) if name.isupper()]
_Latencies = namedtuple("_Latencies", _NAMES)  # type: ignore[misc]  # mypy wants them spelled out


class Reach(NamedTuple):
    """The positions that a spike reaches in each convolving layer; a dense layer has one position.

    Input i of layer n has the index p = i % map_size[n] in its map, and reaches the positions
    `position[first[offset[n] + p] : first[offset[n] + p + 1]]`.
    """

    convolves: np.ndarray
    located: np.ndarray  # registers up to that of the scan of positions
    positions: np.ndarray
    map_size: np.ndarray  # inputs of a map
    offset: np.ndarray
    first: np.ndarray
    position: np.ndarray


class CoreFigures(NamedTuple):
    """The folding as arrays over the layers; `release`, `queued` and `decision` are latencies."""

    n_out: np.ndarray
    lanes: np.ndarray
    groups: np.ndarray
    window: np.ndarray
    serial_sweeps: np.ndarray  # whether an advancing sweep waits until the one before is sent
    stages: np.ndarray  # registers after that of the event
    fetching: np.ndarray  # index of the memory's register among `stages`
    has_slots: np.ndarray  # whether masks wait in separate slots
    rows: np.ndarray
    sends: np.ndarray
    release: np.ndarray
    queued: np.ndarray
    offset: np.ndarray  # of a layer's first neuron in `spikes`
    decision: int
    deadline: int
    serialiser_block: int
    mask_fifo_depth: int
    latency: _Latencies
    reach: Reach


MAX_REGISTERS = 16
"""Largest number of registers of a pipeline in the cycle model."""

_OF_CORE = [name for name in CoreFigures._fields if name not in ("latency", "reach")]
_OF_REACH = ("convolves", "located", "positions")

LAYER = np.dtype(
    [
        (name, np.int64)
        for name in (*_OF_CORE, *_NAMES, *_OF_REACH, "reach_map_size", "reach_offset", "is_last")
    ]
)
"""The figures of a layer as a record, with those of the core and all latencies."""

LAYER_STATE = np.dtype(
    [
        ("registers", np.int64, MAX_REGISTERS),  # [k]: first cycle of the latest operation in it
        (
            "slots_freed",
            np.int64,
            MASK_FIFO_DEPTH,
        ),  # [k]: cycle in which the mask left slot k
        ("located", np.int64, MAX_REGISTERS),  # as `registers`, up to the scan of positions
    ]
    + [
        (name, np.int64)
        for name in (
            "masks",  # number of masks so far
            "next",  # cycle in which the sequencer can process its next event
            "event_free",  # cycle in which the register before the sequencer accepts that event
            "input_free",  # cycle in which the register before that one can pass it on
            "started",
            "now",  # tick
            "beats",  # events with rows of tick `now` that only the first group has processed
            "opening",  # number of ticks by which their sweep advances, or BEGINS
            "skid_free",  # cycle in which the lanes can pass on the next mask, if they wait
            "mask_free",  # cycle in which the serialiser accepts it, to empty it block by block
            "block_free",  # cycle in which the serialiser accepts the next block
            "sweep_free",  # first cycle of a sweep that waits for the one before
            "listings",  # number of positions in `listed`
            "settled",  # first cycle in which that number is known
            "arrivals",  # number of neurons that fired in this window
        )
    ]
)
"""The state of a layer during an image; times are cycles, and all start at 0."""

OUTCOME = np.dtype(
    [
        ("decision_tick", np.int64),
        ("decided", np.int64),  # cycle of the decision, -1 before it
        ("ended", np.int64),  # cycle in which the last layer accepts the END, -1 before it
        ("until", np.int64),  # a cycle, and the number of events accepted before it
        ("accepted", np.int64),
        ("ingress", np.int64, MAX_REGISTERS),  # [k]: first cycle of the latest event in register k
    ]
)
"""The state of the ingress check during an image, and its decision."""


class Core(NamedTuple):
    """The figures of a core, as an argument of compiled code."""

    layers: np.ndarray  # of LAYER
    first: np.ndarray  # as in Reach
    position: np.ndarray


class Image(NamedTuple):
    """The state of a core during an image."""

    layers: np.ndarray  # of LAYER_STATE
    outcome: np.ndarray  # [1] of OUTCOME
    spikes: np.ndarray  # ticks of all hidden neurons
    visited: np.ndarray  # [layer, position]: whether a spike has reached the position
    listed: np.ndarray  # [layer, k]: the position that was reached as the k-th
    arrived: np.ndarray  # [layer, k]: the k-th neuron that fired in this window


def core_of(figures: CoreFigures) -> Core:
    """Write the figures of a core as records."""
    layers = np.zeros(len(figures.n_out), LAYER)
    reach = figures.reach
    for names, part in ((_OF_CORE, figures), (_NAMES, figures.latency), (_OF_REACH, reach)):
        for name in names:
            layers[name] = getattr(part, name)
    layers["reach_map_size"], layers["reach_offset"] = reach.map_size, reach.offset
    layers["is_last"][-1] = 1
    assert all(
        layers[name].max() + 2 <= MAX_REGISTERS for name in ("stages", "located", "INGRESS_CHECK")
    )
    return Core(layers, reach.first, reach.position)


def image_of(figures: CoreFigures, spikes: int) -> Image:
    """Return the state of a core before an image; `spikes` is the number of hidden neurons."""
    count, positions = len(figures.n_out), figures.reach.positions.max()
    outcome = np.zeros(1, OUTCOME)
    outcome["decided"] = outcome["ended"] = -1
    return Image(
        layers=np.zeros(count, LAYER_STATE),
        outcome=outcome,
        spikes=np.zeros(spikes, np.int64),
        visited=np.zeros((count, positions), np.int64),
        listed=np.zeros((count, positions), np.int64),
        arrived=np.zeros((count, figures.n_out.max()), np.int64),
    )


def figures_of(network: Network, folding: Folding) -> CoreFigures:
    """Collect all figures from which the cycles of a core are counted."""
    layers = folding.layers

    def each(name: str) -> np.ndarray:
        return np.array([getattr(layer, name) for layer in layers], np.int64)

    n_out = each("n_out")
    return CoreFigures(
        n_out=n_out,
        lanes=each("lanes"),
        groups=each("groups"),
        window=each("window"),
        serial_sweeps=each("serial_sweeps") > 0,
        stages=each("stages"),
        fetching=each("fetching"),
        has_slots=each("mask_fifo_depth") > 0,
        rows=each("rows"),
        sends=each("sends"),
        release=each("release_cycles"),
        queued=each("queued_cycles"),
        offset=np.cumsum(n_out) - n_out,
        decision=layers[-1].decision_cycles,
        deadline=network.deadline,
        serialiser_block=SERIALISER_BLOCK,
        mask_fifo_depth=MASK_FIFO_DEPTH,
        latency=_Latencies(*(getattr(latencies, name) for name in _NAMES)),
        reach=_reach_of(layers),
    )


def _reach_of(layers: Sequence[LayerFolding]) -> Reach:
    """Collect the positions that spikes reach, layer by layer."""
    none = np.zeros(0, np.int64)
    map_size, offset, first, position = [], [], [none], [none]
    for layer in layers:
        offset.append(sum(map(len, first)))
        map_size.append(1)
        if isinstance(layer.kind, Convolution):
            touched = layer.kind.geometry.touched
            map_size[-1] = len(touched.first) - 1
            first.append(touched.first + sum(map(len, position)))
            position.append(touched.position)
    return Reach(
        convolves=np.array([layer.convolves for layer in layers]),
        located=np.array([layer.located_cycles for layer in layers], np.int64),
        positions=np.array([layer.kind.positions for layer in layers], np.int64),
        map_size=np.array(map_size, np.int64),
        offset=np.array(offset, np.int64),
        first=np.concatenate(first),
        position=np.concatenate(position),
    )
