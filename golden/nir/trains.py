# SPDX-License-Identifier: BSD-2-Clause
"""Spike trains of a graph as NIRData: input, hidden layers, and the decisions.

Observables are "spikes" for the input and every hidden layer, up to the deadline, and "decision"
for the last layer: the spike that decides, or no spike if the decision was forced. Neurons of maps
are numbered as in the network, map by map.
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
    """Return the `nir.NIRGraphData` of images, int32 [n, n_rows], from the golden model.

    Events are in ticks, or in t = ln z for form time; form cuba has a grid of its steps. Raises
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
    """Write spike trains as HDF5. Raises `OSError`."""
    content = io.BytesIO()
    optional("nir").write_data(content, trains)
    replace_file(path, content.getvalue())


def _events(nir: Any, network: Network, form: Form, layer: int, ticks: np.ndarray) -> Any:
    """Return events sorted by time, then neuron; -1 and inf pad the rows of images."""
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
    """Return bool [n, steps, n_neurons], further inputs and relays included.

    Step s is tick s of the input, and tick s + 1 + layer of the spikes that a layer sends.
    """
    n, n_neurons = ticks.shape
    shapes = shapes_of(network)
    size = shapes[0].size if layer < 0 else shapes[layer].out
    more = form.further_inputs if layer < network.n_layers - 1 else 0
    each = math.prod(size)  # neurons of a relay: a map, if the layer has maps
    steps = network.deadline + 1  # an input at the deadline has a step, too
    data = np.zeros((n, steps, n_neurons + more * each), bool)
    images, neurons = np.nonzero(ticks)
    data[images, ticks[images, neurons] - (layer + 1), neurons] = True
    for relay in range(more):
        start = n_neurons + relay * each
        data[:, relay, start : start + each] = True
    return nir.TimeGriddedData(data, STEP)
