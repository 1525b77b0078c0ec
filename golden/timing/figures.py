# SPDX-License-Identifier: BSD-2-Clause
"""The figures of a core from which its cycles are counted, by the cycle model and the web page."""

from typing import NamedTuple

import numpy as np

from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.network import Network

from . import latencies
from .folding import Folding
from .layer import MASK_FIFO_DEPTH, SERIALISER_BLOCK

MAX_REGISTERS = 16
"""Largest number of registers of a pipeline in the cycle model."""

LATENCIES = [name for name in vars(latencies) if name.isupper()]

FIGURES = (
    "n_out",
    "lanes",
    "groups",
    "window",
    "serial_sweeps",
    "stages",
    "fetching",
    "mask_fifo_depth",
    "rows",
    "sends",
    "release_cycles",
    "queued_cycles",
    "decision_cycles",
    "convolves",
    "located_cycles",
)
"""The properties of `LayerFolding` that determine the cycles of a layer."""

_FURTHER = (
    "offset",  # of the layer's first neuron in `Image.spikes`
    "positions",
    "map_size",  # inputs of a map; 1 for a dense layer
    "reach_offset",  # of the layer's first input in `Core.first`
    "is_last",
    "deadline",
    "serialiser_block",
)

# The figures are arguments: compiled code would otherwise keep the values of its compilation.
LAYER = np.dtype([(name, np.int64) for name in (*FIGURES, *_FURTHER, *LATENCIES)])
"""The figures of a layer as a record, with all latencies."""

LAYER_STATE = np.dtype(
    [
        ("registers", np.int64, MAX_REGISTERS),  # [k]: first cycle of the latest operation in it
        ("slots_freed", np.int64, MASK_FIFO_DEPTH),  # [k]: cycle in which the mask left slot k
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
    """The figures of a core, as an argument of compiled code.

    Input i of a convolving layer has the index p = i % map_size in its map, and reaches the
    positions `position[first[reach_offset + p] : first[reach_offset + p + 1]]`.
    """

    layers: np.ndarray  # of LAYER
    first: np.ndarray
    position: np.ndarray


class Image(NamedTuple):
    """The state of a core during an image."""

    layers: np.ndarray  # of LAYER_STATE
    outcome: np.ndarray  # [1] of OUTCOME
    spikes: np.ndarray  # ticks of all hidden neurons
    visited: np.ndarray  # [layer, position]: whether a spike has reached the position
    listed: np.ndarray  # [layer, k]: the position that was reached as the k-th
    arrived: np.ndarray  # [layer, k]: the k-th neuron that fired in this window


def core_of(network: Network, folding: Folding) -> Core:
    """Collect all figures from which the cycles of a core are counted."""
    layers = np.zeros(len(folding.layers), LAYER)
    first, position = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for record, layer in zip(layers, folding.layers, strict=True):
        for name in FIGURES:
            record[name] = getattr(layer, name)
        record["positions"], record["map_size"] = layer.kind.positions, 1
        record["reach_offset"] = sum(map(len, first))
        if isinstance(layer.kind, Convolution):
            touched = layer.kind.geometry.touched
            record["map_size"] = len(touched.first) - 1
            first.append(touched.first + sum(map(len, position)))
            position.append(touched.position)
    for name in LATENCIES:
        layers[name] = getattr(latencies, name)
    layers["offset"] = np.cumsum(layers["n_out"]) - layers["n_out"]
    layers["is_last"][-1] = 1
    layers["deadline"], layers["serialiser_block"] = network.deadline, SERIALISER_BLOCK
    deepest = max(layers[name].max() for name in ("stages", "located_cycles", "INGRESS_CHECK"))
    assert deepest + 2 <= MAX_REGISTERS
    return Core(layers, np.concatenate(first), np.concatenate(position))


def image_of(core: Core, spikes: int) -> Image:
    """Return the state of a core before an image; `spikes` is the number of hidden neurons."""
    count, positions = len(core.layers), core.layers["positions"].max()
    outcome = np.zeros(1, OUTCOME)
    outcome["decided"] = outcome["ended"] = -1
    return Image(
        layers=np.zeros(count, LAYER_STATE),
        outcome=outcome,
        spikes=np.zeros(spikes, np.int64),
        visited=np.zeros((count, positions), np.int64),
        listed=np.zeros((count, positions), np.int64),
        arrived=np.zeros((count, core.layers["n_out"].max()), np.int64),
    )
