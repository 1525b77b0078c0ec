# SPDX-License-Identifier: BSD-2-Clause
"""The cycle model of a core that learns: run-on, settling and updates in addition to `cycles`."""

from dataclasses import replace

import numpy as np

from firstspike.golden.network import Network
from firstspike.golden.results import Results

from . import latencies
from .cycles import cycles, run_images
from .folding import Folding
from .layer import LayerFolding, settle_cycles


def learning_cycles(
    network: Network,
    ticks: np.ndarray,
    learned: Results,
    folding: Folding,
    pixels: np.ndarray | None = None,
) -> Results:
    """Add the cycles of a core that learns to the result `learned` of `learn(..., trace=True)`.

    The new fields are `cycles`, `run_on` and `turnaround`; the arguments are those of `cycles`. The
    first image after the start, a reset or a write of weights may start later, but does not take
    longer. Raises ValueError for images that were not learned.
    """
    hidden, last = folding.layers
    late = not network.takes_bitmap  # inputs spike at several ticks
    rule, (spikes,) = learned.rule, learned.known_hidden()
    if rule is None or learned.updated is None:
        raise ValueError("these images were not learned: take `infer` and `cycles`.")
    ends, _, _ = run_images(network, ticks, (spikes,), rule.until, folding, pixels)
    # Only if the spikes of the deadline take part, the core waits for the image's END.
    to_the_end = rule.limit > network.deadline
    dropped = np.zeros(len(ticks), np.int64)
    if to_the_end.any() or late:
        never = np.full(len(ticks), network.deadline + 1)
        _, ended, accepted = run_images(network, ticks, (spikes,), never, folding, pixels, ends)
        at_the_end = latencies.FINISHED + latencies.OUTCOME
        ends = np.where(to_the_end, np.maximum(ends, ended + at_the_end), ends)
        # The ingress check drops the other spikes, one per cycle.
        dropped = np.maximum(np.count_nonzero(ticks, axis=1) - accepted, 0)
        dropped = np.where(to_the_end, 0, dropped)
    run_on = ends + np.maximum(latencies.JUDGE, dropped) + settle_cycles(hidden, last, late)

    took_part = (spikes > 0) & (spikes < rule.limit[:, None])
    latest = np.where(took_part, np.arange(hidden.n_out), 0).max(axis=1)
    outputs = _walk_cycles(last, rule.hidden_rows, rule.output_updates)
    outputs = outputs + latest // hidden.lanes  # the sweep searches the lane of each
    inputs = _walk_cycles(hidden, rule.input_rows, rule.input_updates)
    update = hidden.deltas_cycles + outputs + inputs + hidden.update_cycles
    if late:
        update = update + hidden.causal_cycles(rule.input_rows)
    return replace(
        learned,
        cycles=cycles(network, ticks, learned, folding, pixels),
        run_on=run_on,
        turnaround=run_on + np.where(learned.updated, update, 0),
    )


def _walk_cycles(layer: LayerFolding, rows: np.ndarray, updates: np.ndarray) -> np.ndarray:
    """Return the cycles of a sweep: one per row, or one per group of a row that is updated."""
    given_out = latencies.SWEEP_START + rows - 1 + (layer.groups - 1) * updates
    return np.where(rows > 0, given_out, 0) + latencies.SWEEP_DONE
