# SPDX-License-Identifier: BSD-2-Clause
"""Points of a front, with all that is known of each: as JSON, and as a table."""

from collections.abc import Sequence
from typing import Any

from firstspike.boards.building.plan import Plan
from firstspike.boards.pll import MHZ
from firstspike.golden import Network, infer
from firstspike.golden.data.dataset import Dataset
from firstspike.golden.encoding import encode
from firstspike.scripts.means import operations
from firstspike.scripts.output import table

from .front import Figures


def point_of(
    number: int, network: Network, plan: Plan, held_out: Figures, test: Dataset
) -> dict[str, Any]:
    """What there is to say of a network of the front; the test part is looked at here alone."""
    assert plan.design is not None
    ticks = encode(network, test.x_test)
    run = infer(network, ticks)
    labelled = test.y_test >= 0
    right = run.decision[labelled] == test.y_test[labelled]
    return {
        "training": number,
        "digest": network.digest(),
        "shape": list(network.shape),
        "inputs": len(network.inputs),
        "bits": network.weight_bits[0],
        "lanes": plan.lanes,
        "rows": plan.rows,
        "window": plan.window,
        "clock": plan.design.hz,
        "held_out_accuracy": held_out.accuracy,
        "held_out_us": held_out.us,
        "accuracy": float(right.mean()) if len(right) else None,
        "us": plan.latency(ticks[:: max(1, len(ticks) // _TIMED)]),
        "needs": plan.needs,
        "operations": operations(network, run)["mean"],
        "placed": None,
    }


_TIMED = 2000
"""Test samples whose cycles are counted, at least, where there are so many."""


def report(points: Sequence[dict[str, Any]], taken: int | None) -> str:
    """The table, the fastest network first; `taken` is the number of a training."""
    rows: list[tuple[object, ...]] = [
        (
            "training",
            "network",
            "inputs",
            "bits",
            "lanes",
            "rows",
            "window",
            "held out %",
            "test %",
            "us",
            "LUTs",
            "block RAM",
            "operations",
            "MHz",
            "reached",
        )
    ]
    for point in points:
        placed = point["placed"]
        reached = "-"
        if placed:
            reached = f"{max(placed['fmax'].values()):.1f}{'' if placed['met'] else ', not met'}"
        rows.append(
            (
                f"{point['training']}{' *' if point['training'] == taken else ''}",
                "-".join(map(str, point["shape"])),
                point["inputs"],
                point["bits"],
                point["lanes"],
                point["rows"],
                point["window"],
                f"{100 * point['held_out_accuracy']:.2f}",
                "-" if point["accuracy"] is None else f"{100 * point['accuracy']:.2f}",
                f"{point['us']:.2f}",
                point["needs"]["LUTs"],
                point["needs"].get("block RAM", 0),
                f"{point['operations']:.0f}",
                f"{point['clock'] / MHZ:g}",
                reached,
            )
        )
    return table(rows)
