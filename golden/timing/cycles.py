# SPDX-License-Identifier: BSD-2-Clause
"""The cycle model: the exact number of clock cycles of the hardware for each image."""

from collections.abc import Sequence

import numpy as np

from firstspike.golden.integer import infer
from firstspike.golden.network import Network
from firstspike.golden.results import Results, until

from .figures import core_of, image_of
from .folding import Folding
from .overlapped import cycles_alone
from .replica import count_images


def cycles(
    network: Network,
    ticks: np.ndarray,
    results: Results,
    folding: Folding,
    pixels: np.ndarray | None = None,
) -> np.ndarray:
    """Return clock cycles, int64 [n], from the first word that the core accepts to the decision.

    `results` are those of `infer(network, ticks)`, `ticks` [n, n_rows], or of `learn` with `trace`.
    A bitmap of all pixels needs `pixels`, uint8 [n, n_inputs], unless all inputs are connected:
    every bright pixel takes the encoder a cycle, connected or not. The source never pauses, and
    decisions are accepted at once. Images are separate, even in a core whose images overlap (for
    those see `overlapped_cycles`).
    """
    if folding.overlaps:
        return cycles_alone(network, ticks, results, folding)
    decided, _, _ = run_images(
        network, ticks, results.known_hidden(), results.tick, folding, pixels
    )
    # A negative count could be UNCOUNTED, which equals any count.
    assert (decided > 0).all(), "the cycle model has left an image undecided"
    return decided


def rows_read(network: Network, ticks: np.ndarray, results: Results) -> np.ndarray:
    """Return the number of rows that spikes until the decision read, int64 [n, n_layers].

    A spike reads a row; in a convolving layer it reads one row per position that it reaches.
    `ticks` [n, n_rows] are those of the inputs.
    """
    rows = np.array(results.spikes_in)
    if network.geometry:
        known = infer(network, ticks) if results.hidden is None else results
        inputs = [ticks, *known.known_hidden()]
        for number, (layer, spikes) in enumerate(zip(network.layers, inputs, strict=True)):
            rows[:, number] = until(spikes, results.tick) @ layer.reach
    return rows


def run_images(
    network: Network,
    ticks: np.ndarray,
    hidden: Sequence[np.ndarray],
    decision_ticks: np.ndarray,
    folding: Folding,
    pixels: np.ndarray | None,
    until: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cycles int64 [n] until images are decided at `decision_ticks` [n], and until they end.

    `hidden`: spike ticks of each hidden layer, [n, n_out]. An image ends when the last layer
    accepts its END; -1 if the decision comes first. Also returns the number of events, int64 [n],
    that the core accepts before cycle `until` [n] of each image.
    """
    count = len(ticks)
    hidden = [np.asarray(spikes, np.int64) for spikes in hidden]
    spikes = np.concatenate([*hidden, np.zeros((count, 1), np.int64)], axis=1)
    connected = np.zeros((count, 1), np.int64)
    if folding.bitmap is not None:
        # Per pixel 0 for dark, 1 for bright but unconnected, 2 + tick for an input that spikes.
        connected = np.where(ticks > 0, ticks + 2, 0).astype(np.int64)
        if folding.layers[0].rows == 1 and len(network.inputs) < network.n_inputs:
            assert pixels is not None, "a core with a bitmap in front depends on the pixels"
            inputs, connected = connected, (pixels > 127).astype(np.int64)
            connected[:, network.inputs] = inputs
    core = core_of(network, folding)
    image = image_of(core, spikes.shape[1])
    # One memory layout: numba would compile a version for each other one.
    spikes, decision_ticks, ticks, connected = (
        np.ascontiguousarray(one, np.int64) for one in (spikes, decision_ticks, ticks, connected)
    )
    until = np.zeros(count, np.int64) if until is None else np.asarray(until, np.int64)
    return count_images(
        core, image, spikes, decision_ticks, ticks, folding.bitmap or 0, connected, until
    )
