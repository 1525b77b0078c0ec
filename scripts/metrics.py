# SPDX-License-Identifier: BSD-2-Clause
"""Means over images for `run`, `train` and `learn`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from firstspike.golden import Network, Results
from firstspike.golden.results import UNCOUNTED

FIGURES = ("tick", "forced", "input_spikes", "hidden_spikes")
"""Fields of `Results` with a number per image, under the same names in the results of verbs."""


def timing(results: Results, clock: float | None) -> dict[str, float | None]:
    """Return mean cycles of an image and between decisions, and their times at `clock` MHz.

    Unknown values are None.
    """
    known = results.cycles is not None and UNCOUNTED not in results.cycles
    cycles = float(results.cycles.mean()) if known and results.cycles is not None else None
    interval = None if results.apart is None else float(results.apart.mean())
    return {
        "cycles": cycles,
        "cycles_apart": interval,
        "us": cycles / clock if clock and cycles is not None else None,
        "images_a_second": 1e6 * clock / interval if clock and interval is not None else None,
    }


def timing_rows(timing: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the known values as rows of a table."""
    named = (
        ("clock cycles, mean", "cycles", ".1f"),
        ("clock cycles from decision to decision, mean", "cycles_apart", ".2f"),
        ("microseconds an image, mean", "us", ".3f"),
        ("images per second", "images_a_second", ",.0f"),
    )
    return [(what, f"{timing[name]:{form}}") for what, name, form in named if timing[name]]


def mean_metrics(
    network: Network, results: Results, labels: Sequence[int | None] | np.ndarray
) -> dict[str, Any]:
    """Return accuracy over the labelled images (None without any), and the mean of each figure.

    `confusion` counts images by [label][decision]; `labels` are None or -1 if unknown.
    """
    called = np.array([-1 if label is None else label for label in labels], int)
    known = called >= 0
    counts = np.zeros((network.shape[-1],) * 2, int)
    np.add.at(counts, (called[known], results.decision[known]), 1)
    of_class = zip(counts.diagonal().tolist(), counts.sum(axis=1).tolist(), strict=True)
    return {
        "accuracy": float(counts.trace() / counts.sum()) if known.any() else None,
        "class_accuracy": [right / count if count else None for right, count in of_class],
        "confusion": counts.tolist() if known.any() else None,
        **{name: float(getattr(results, name).mean()) for name in FIGURES},
        "lookups": results.lookups(network).mean(axis=0).tolist(),
    }


def test_part_rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the means over the test part, from `mean_metrics`, as rows of a table.

    The test part has no accuracy without labels, and no figures without samples.
    """
    accuracy = result["accuracy"]
    rows = [("test accuracy", "no labelled test part" if accuracy is None else f"{accuracy:.2%}")]
    if "tick" in result:
        rows += [
            ("input spikes until the decision", f"{result['input_spikes']:.1f}"),
            ("hidden spikes until the decision", f"{result['hidden_spikes']:.1f}"),
            ("look-ups a layer", ", ".join(f"{part:.2%}" for part in result["lookups"])),
            ("decision tick", f"{result['tick']:.1f}"),
            ("forced decisions", f"{result['forced']:.2%}"),
        ]
    return rows


def operations(network: Network, run: Results) -> dict[str, float]:
    """Return the synaptic operations of an image: the weights added until the decision.

    For each layer they are the number of its input spikes times the (mean) number of neurons that
    an input reaches. `dense` is the number of multiplications of a network of the same shape
    without spikes.
    """
    fan_out = np.array([layer.synapses / layer.n_in for layer in network.layers])
    unconnected = (network.n_inputs - len(network.inputs)) * network.layers[0].n_out
    return {
        "mean": float((run.spikes_in @ fan_out).mean()),
        "dense": sum(layer.synapses for layer in network.layers) + unconnected,
    }
