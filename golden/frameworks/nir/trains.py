# SPDX-License-Identifier: BSD-2-Clause
"""Spike trains beside a graph, as NIRData: what goes in, what the hidden layers do, the decisions.

Observables are "spikes" of the input and of every hidden layer, which run on to the deadline, and
of the last layer "decision": the spike that decides, none where it was forced. Neurons of maps are
numbered as in the network, map by map.
"""

import io
import math
import os
from typing import Any

import numpy as np

from firstspike.golden.integer import infer
from firstspike.golden.network import Network
from firstspike.golden.system.files import replace_file

from .export import form_of
from .forms import STEP, Form
from .graph import optional
from .maps import shapes_of


def trains_of(network: Network, ticks: np.ndarray, form: str = "ticks") -> Any:
    """Return the `nir.NIRGraphData` of images, int32 [n, n_rows], and of what golden says.

    Events in ticks, or in t = ln z of form time; of form cuba a grid of its steps. Raises
    `EncodingError`, `NirError`.
    """
    nir = optional("nir")
    chosen = form_of(form)
    results = infer(network, ticks)
    decided = np.zeros((len(ticks), network.shape[-1]), np.int32)
    images = np.flatnonzero(~results.forced)
    decided[images, results.decision[images]] = results.tick[images]
    layers = [
        ("input", "spikes", ticks),
        *zip(
            [f"{chosen.spiking}_{layer}" for layer in range(network.n_layers)],
            ["spikes"] * (network.n_layers - 1) + ["decision"],
            [*results.known_hidden(), decided],
            strict=True,
        ),
    ]
    make = _gridded if chosen.name == "cuba" else _events
    return nir.NIRGraphData(
        {
            node: nir.NIRNodeData({what: make(nir, network, chosen, layer - 1, spikes)})
            for layer, (node, what, spikes) in enumerate(layers)
        }
    )


def write_trains(path: str | os.PathLike[str], trains: Any) -> None:
    """Write them as HDF5. Raises `OSError`."""
    content = io.BytesIO()
    optional("nir").write_data(content, trains)
    replace_file(path, content.getvalue())


def _events(nir: Any, network: Network, form: Form, layer: int, ticks: np.ndarray) -> Any:
    """Sort events by time, then neuron; -1 and inf follow the last of an image."""
    n_neurons = ticks.shape[1]
    most = max(1, int((ticks > 0).sum(axis=1).max(initial=0)))
    times = np.where(ticks > 0, ticks, np.inf)
    neurons = np.argsort(times, axis=1, kind="stable")[:, :most]
    times = np.take_along_axis(times, neurons, axis=1)
    last = float(network.deadline)
    if form.name == "time":
        times, last = np.log(times / network.unit), np.log(last / network.unit)
    neurons = np.where(np.isfinite(times), neurons, -1)
    return nir.EventData(neurons, times, n_neurons, float(last))


def _gridded(nir: Any, network: Network, form: Form, layer: int, ticks: np.ndarray) -> Any:
    """Return bool [n, steps, n_neurons], the further inputs and relays included.

    Step s is tick s of what goes in, and tick s + 1 + layer of what a layer sends.
    """
    n, n_neurons = ticks.shape
    shapes = shapes_of(network)
    size = shapes[0].size if layer < 0 else shapes[layer].out
    more = form.further_inputs if layer < network.n_layers - 1 else 0
    each = math.prod(size)  # neurons of a relay: a map, where the layer has maps
    steps = network.deadline + 1  # what comes in at the deadline has one, too
    data = np.zeros((n, steps, n_neurons + more * each), bool)
    images, neurons = np.nonzero(ticks)
    data[images, ticks[images, neurons] - (layer + 1), neurons] = True
    for relay in range(more):
        start = n_neurons + relay * each
        data[:, relay, start : start + each] = True
    return nir.TimeGriddedData(data, STEP)
