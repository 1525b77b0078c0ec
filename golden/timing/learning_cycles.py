"""The cycle model of a core that learns: run-on, settling and updates on top of `cycles`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firstspike.golden.learning.rule import Learned
from firstspike.golden.network import Network

from . import latencies
from .cycles import cycles, run_images
from .folding import Folding, LayerFolding, settle_cycles


class LearningCycles(NamedTuple):
    """Clock cycles of images that are learned, from the first word the core takes; int64 (n,)."""

    decision: np.ndarray
    """Until the decision."""
    run_on: np.ndarray
    """Until the next image could begin, if nothing were updated."""
    turnaround: np.ndarray
    """Until the next image can begin."""


def learning_cycles(
    network: Network,
    ticks: np.ndarray,
    learned: Learned,
    folding: Folding,
    pixels: np.ndarray | None = None,
) -> LearningCycles:
    """The cycles of a core that learns.

    `learned` is the result of `learn(..., trace=True)`; the rest is as for `cycles`. The first
    image after the start, a reset or a write of weights may begin later, but takes no longer.
    """
    hidden, last = folding.layers
    (spikes,) = learned.hidden
    ends, _ = run_images(network, ticks, learned.hidden, learned.until, folding, pixels)
    # Where the spikes of the deadline take part, and only there, the image's end is waited for.
    to_the_end = learned.limit > network.deadline
    if to_the_end.any():
        never = np.full(len(ticks), network.deadline + 1)
        _, ended = run_images(network, ticks, learned.hidden, never, folding, pixels)
        at_the_end = latencies.FINISHED + latencies.OUTCOME
        ends = np.where(to_the_end, np.maximum(ends, ended + at_the_end), ends)
    run_on = ends + latencies.JUDGE + settle_cycles(hidden, last)

    took_part = (spikes > 0) & (spikes < learned.limit[:, None])
    latest = np.where(took_part, np.arange(hidden.n_out), 0).max(axis=1)
    outputs = _walk_cycles(last, learned.hidden_rows, learned.output_updates)
    outputs = outputs + latest // hidden.lanes  # the walk looks for the lane of each
    inputs = _walk_cycles(hidden, learned.input_rows, learned.input_updates)
    update = hidden.deltas_cycles + outputs + inputs + hidden.update_cycles
    return LearningCycles(
        cycles(network, ticks, learned, folding, pixels),
        run_on,
        run_on + np.where(learned.updated, update, 0),
    )


def _walk_cycles(layer: LayerFolding, rows: np.ndarray, updates: np.ndarray) -> np.ndarray:
    """From the start of a walk to its end: a cycle a row, or as many as groups if it is updated."""
    given_out = latencies.WALK_START + rows - 1 + (layer.groups - 1) * updates
    return np.where(rows > 0, given_out, 0) + latencies.WALK_DONE
