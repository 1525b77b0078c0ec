# SPDX-License-Identifier: BSD-2-Clause
"""The integer model (DESIGN, sections 2 and 3), which the hardware matches to the bit.

`run_layer` is the definition, tick by tick. `infer` returns the same results from event to event
(see `layers.event_kernel`), fast enough for whole test sets.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .encoding import encode
from .encodings.samples import EncodingError, sample_array
from .layers.kind import LayerKind
from .layers.registry import layer_of
from .network import Network
from .results import Results, until
from .shipped import NetworkSource, load_network

_PART = 5000  # samples processed at once


def infer(network: NetworkSource, ticks: np.ndarray) -> Results:
    """Run images through a network, as `load_network` accepts it.

    `ticks`: int32 [n, n_rows] as `encode` returns them, the spike tick of every connected input, 0
    for silent. Raises `EncodingError` if they do not fit the network.
    """
    network = load_network(network)
    ticks = checked_ticks(network, ticks)
    spikes = ticks[:, :, None]
    inputs = []
    for layer, w, threshold in zip(
        network.layers, network.weights, network.thresholds, strict=True
    ):
        inputs.append(spikes)
        max_spikes = network.max_spikes if len(inputs) < network.n_layers else 1
        spikes, M = layer.fired(w, threshold, spikes, network.deadline, max_spikes)
    decision, tick, forced = decide(spikes[:, :, 0], M, network.deadline)
    return Results(
        decision=decision,
        tick=tick,
        forced=forced,
        spikes_in=np.stack([until(s[:, :, 0], tick).sum(1, np.int32) for s in inputs], axis=1),
        error=np.zeros(len(ticks), np.int32),
        hidden=tuple(s[:, :, 0] for s in inputs[1:]),
        later=tuple(s[:, :, 1:] for s in inputs[1:]),
    )


def infer_samples(network: Network, samples: Any) -> Iterator[tuple[np.ndarray, Results]]:
    """Encode and run samples [n, ...] in parts to limit memory; yield ticks and results."""
    samples = sample_array(samples)
    n = len(samples) if samples.ndim else 0
    for part in np.array_split(samples, -(-n // _PART)) if n else [samples]:
        ticks = encode(network, part)
        yield ticks, infer(network, ticks)


def decisions(network: Network, samples: np.ndarray) -> np.ndarray:
    """Return the classes int32 [n] of samples [n, ...], in parts as `infer_samples` does."""
    return np.concatenate([results.decision for _, results in infer_samples(network, samples)])


def potentials(network: NetworkSource, ticks_row: np.ndarray) -> list[np.ndarray]:
    """Return M of every neuron of one image at every tick: per layer int64 [deadline + 1, n_out].

    `ticks_row`: int32 [n_rows]. The layers all continue to the deadline. Raises `EncodingError`.
    """
    network = load_network(network)
    spikes = checked_ticks(network, sample_array(ticks_row)[None])[0, :, None]
    traces = []
    for layer, weights, threshold in zip(
        network.layers, network.weights, network.thresholds, strict=True
    ):
        spikes, M = run_layer(
            weights, threshold, spikes, network.deadline, network.max_spikes, layer
        )
        traces.append(M)
    return traces


def output_potentials(network: Network, spikes: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return M of every output neuron at ticks z [n]: float64 [n, n_out].

    `spikes`: int32 [n, n_in], the ticks of the spikes into the last layer, 0 for silent.
    """
    # Floating point makes the product fast, and exact: all sums are integers below 2^53.
    since = np.where(until(spikes, z), z[:, None] - spikes, 0).astype(np.float64)
    return since @ network.weights[-1] - network.thresholds[-1] * z[:, None]


def run_layer(
    weights: np.ndarray,
    threshold: int,
    spikes: np.ndarray,
    deadline: int,
    max_spikes: int,
    layer: LayerKind | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Run one layer on one image, tick by tick: the definition of the model.

        one tick:                      M += S
        input spike of weight w at z:  S += w
        the L-th spike:                at the first tick z with M(z) - (L-1) z threshold >= 0

    `weights`: [n_in, n_out], or in the shape of `layer`; `spikes`: int32 [n_in, spikes of an
    input], 0 for none. Returns the spike ticks int32 [n_out, max_spikes] and M int64 [deadline + 1,
    n_out].
    """
    layer = layer or layer_of("weights", weights)
    n_out = layer.n_out
    S = np.full(n_out, -threshold, np.int64)
    M = np.zeros((deadline + 1, n_out), np.int64)
    out = np.zeros((n_out, max_spikes), np.int32)
    fired = np.zeros(n_out, np.int64)
    for z in range(1, deadline + 1):
        M[z] = M[z - 1] + S
        for _ in range(max_spikes):  # several spikes of a neuron may fall in one tick
            fires = np.flatnonzero((fired < max_spikes) & (M[z] - fired * z * threshold >= 0))
            out[fires, fired[fires]] = z
            fired[fires] += 1
        rows, _ = np.nonzero(spikes == z)
        S += layer.added(weights, rows)  # after M: a spike counts from the next tick on
    return out, M


def decide(first: np.ndarray, M: np.ndarray, deadline: int) -> tuple[np.ndarray, ...]:
    """Return class, tick and forced for the first output spikes (0 for silent) and M at them.

    `first` and `M` are [n, n_out]; M of a silent neuron is its M at the deadline.
    """
    last = np.iinfo(np.int32).max
    ticks = np.where(first, first, last)
    tick = ticks.min(1)
    M = np.where(ticks == tick[:, None], M, np.iinfo(np.int64).min)
    forced = tick == last
    decision = M.argmax(1).astype(np.int32)  # at a tie the lowest index
    return decision, np.where(forced, deadline, tick).astype(np.int32), forced


def checked_ticks(network: Network, ticks: np.ndarray) -> np.ndarray:
    """Return `ticks` as contiguous int32 [n, n_rows]. Raises `EncodingError` if they do not fit."""
    ticks = sample_array(ticks)
    n_rows = len(network.inputs)
    if ticks.ndim != 2 or ticks.shape[1] != n_rows or ticks.dtype.kind not in "iu":
        raise EncodingError(
            f"the ticks are {ticks.dtype} {list(ticks.shape)}: this network takes integers "
            f"[images, {n_rows}], one for each connected input."
        )
    if ticks.size and (ticks.min() < 0 or ticks.max() > network.deadline):
        raise EncodingError(
            f"the ticks go from {ticks.min()} to {ticks.max()}: "
            f"they must be in 1..{network.deadline}, the deadline, or 0 for silent."
        )
    return np.ascontiguousarray(ticks, np.int32)
