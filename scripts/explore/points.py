# SPDX-License-Identifier: BSD-2-Clause
"""Points of a front with all their figures, as JSON and as a table."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from firstspike.boards.building.bitstream import logic_of
from firstspike.boards.building.plan import Plan
from firstspike.boards.families.pll import MHZ
from firstspike.golden import Network, infer
from firstspike.golden.data.dataset import Dataset
from firstspike.golden.encoding import encode
from firstspike.golden.timing.shape import lanes_text
from firstspike.scripts.metrics import operations
from firstspike.scripts.output import off_by, table

from .front import Figures


def point_of(
    number: int, network: Network, plan: Plan, held_out: Figures, test: Dataset
) -> dict[str, Any]:
    """Return all figures of a network of the front; only this function uses the test part."""
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
        "us": plan.latency(ticks),
        "needs": plan.needs,
        "estimated": plan.estimated and plan.estimated._asdict(),
        "operations": operations(network, run)["mean"],
        "placed": None,
    }


def figures_of(point: dict[str, Any]) -> Figures:
    """Return the figures by which the point is chosen."""
    return Figures(point["held_out_accuracy"], point["held_out_us"])


def add_build(point: dict[str, Any], built: dict[str, Any]) -> None:
    """Replace the estimates of a point by the report of a build."""
    point["placed"] = built
    if not built["met"]:
        return
    slower = point["clock"] / built["clock"]
    used = {name: number for name, number in built["used"].items() if number}
    changed = {"needs": used | {"LUTs": logic_of(built)}, "estimated": None}
    times = {name: point[name] * slower for name in ("us", "held_out_us")}
    point.update(changed, clock=built["clock"], **times)


def report(points: Sequence[dict[str, Any]], chosen: int | None) -> str:
    """Return the table, fastest network first; `chosen` is the number of a training."""
    rows: list[tuple[object, ...]] = [("training", *_COLUMNS)]
    for point in points:
        number = f"{point['training']}{' *' if point['training'] == chosen else ''}"
        rows.append((number, *(cell(point) for cell in _COLUMNS.values())))
    return table(rows)


def _logic(point: dict[str, Any]) -> str:
    estimated = point["estimated"]
    off = f" {off_by(estimated['luts_error'])}" if estimated else ""
    return f"{point['needs']['LUTs']}{off}"


def _reached_clock(point: dict[str, Any]) -> str:
    placed = point["placed"]
    if placed is None:
        return "not placed"
    if "reason" in placed:
        return "does not fit"
    return f"{max(placed['fmax'].values()):.1f} MHz{'' if placed['met'] else ', not met'}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"


_COLUMNS: dict[str, Callable[[dict[str, Any]], object]] = {
    "network": lambda point: "-".join(map(str, point["shape"])),
    **{name: itemgetter(name) for name in ("inputs", "bits")},
    "lanes": lambda point: lanes_text(point["lanes"]),
    **{name: itemgetter(name) for name in ("rows", "window")},
    "held out %": lambda point: _percent(point["held_out_accuracy"]),
    "test %": lambda point: _percent(point["accuracy"]),
    "us": lambda point: f"{point['us']:.2f}",
    "LUTs": _logic,
    "block RAM": lambda point: point["needs"].get("block RAM", 0),
    "operations": lambda point: f"{point['operations']:.0f}",
    "MHz": lambda point: f"{point['clock'] / MHZ:g}",
    "reached": _reached_clock,
}
"""Titles of the columns after the first, with the function for their cells."""
