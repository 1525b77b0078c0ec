# SPDX-License-Identifier: BSD-2-Clause
"""Exported networks, form `cuba`, in frameworks of others: when each neuron spikes first.

SpikingJelly 2.0.0 and snnTorch 1.0.0; each has its traps, which docs/nir/nir.md names. The neurons
of maps are numbered map by map, row by row.
"""

import contextlib
import io

import nir
import numpy as np


def spikingjelly(graph: nir.NIRGraph, spikes: np.ndarray) -> list[np.ndarray]:
    """Return the step of each neuron's first spike, -1 for none, [n, neurons] per layer.

    `spikes`: bool [n, steps, inputs].
    """
    import torch
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    model = import_from_nir(graph)
    layers = [name for name in graph.nodes if name.startswith("M_")]
    first: dict[str, np.ndarray] = {}
    step = 0

    def hook(name: str):
        def note(module, inputs, out):
            fired = out[0].numpy() > 0
            known = first.setdefault(name, np.full(fired.shape, -1))
            known[fired & (known < 0)] = step

        return note

    for name, module in model.named_modules():
        if hasattr(module, "c_decay"):
            module.v = 0.0  # which would begin at v_reset
        if name in layers:
            module.register_forward_hook(hook(name))
    spikes = spikes.reshape(*spikes.shape[:2], *graph.nodes["input"].input_type["input"])
    state = None
    with torch.no_grad():
        for step in range(spikes.shape[1]):
            _, state = model(torch.from_numpy(spikes[:, step].astype(np.float32)), state)
    ordered = sorted(layers, key=lambda name: int(name[2:]))
    return [first[name].reshape(len(spikes), -1) for name in ordered]


def snntorch(graph: nir.NIRGraph, spikes: np.ndarray) -> list[np.ndarray]:
    """Return the same. It goes layer by layer and hands on first spikes: no v_reset is taken."""
    import torch
    from snntorch.import_nir import import_from_nir

    firsts = []
    for layer in range(sum(name.startswith("M_") for name in graph.nodes)):
        weights, neuron = graph.nodes[f"weights_{layer}"], graph.nodes[f"M_{layer}"]
        spikes = spikes.reshape(*spikes.shape[:2], *weights.input_type["input"])
        one = nir.NIRGraph.from_list(weights, neuron)
        with contextlib.redirect_stdout(io.StringIO()):
            model = import_from_nir(one)
        state, first = None, np.full((len(spikes), *neuron.r.shape), -1)
        with torch.no_grad():
            for step in range(spikes.shape[1]):
                out = model(torch.from_numpy(spikes[:, step].astype(np.float32)), state)
                state = out[1]
                first[(out[0].numpy() > 0) & (first < 0)] = step
        first = first.reshape(len(first), -1)
        firsts.append(first)
        spikes = np.zeros((*spikes.shape[:2], first.shape[1]), bool)
        images, neurons = np.nonzero(first >= 0)
        spikes[images, first[images, neurons], neurons] = True
    return firsts
