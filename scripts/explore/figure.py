# SPDX-License-Identifier: BSD-2-Clause
"""Draws a front: accuracy against cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from firstspike.scripts.figures import DECISION, DECISIVE, LATER

from .front import Figures

COSTS = {
    "held_out_us": "microseconds per image",
    "LUTs": "look-up tables or logic cells",
    "block RAM": "block RAM",
    "operations": "synaptic operations per image",
}
"""Cost and name of each panel."""

FEWEST = 4
"""Fewest points for a panel that shows only the front."""

MARGIN = 0.05
"""Relative margin above and below the data."""


def picture_of(
    points: Sequence[dict[str, Any]], chosen: int, tried: Sequence[Figures], title: str
) -> Figure:
    """Draw the front over time, and over the other costs if it has `FEWEST` points.

    The point of training `chosen` is marked. The panel of time shows `tried` in a pale colour, and
    those of the worse half only within the range of the front.
    """
    costs_shown = dict(list(COSTS.items())[: None if len(points) >= FEWEST else 1])
    side = 1 if len(costs_shown) == 1 else 2
    figure = Figure(figsize=(5 * side, 4 * side), layout="constrained")
    figure.suptitle(title, fontsize=9, wrap=True)
    pale = [(one.us, 100 * one.accuracy) for one in tried]
    accuracies = [100 * point["held_out_accuracy"] for point in points]
    for axes, (cost, name) in zip(
        figure.subplots(side, side, sharey=True, squeeze=False).flat,
        costs_shown.items(),
        strict=True,
    ):
        costs = [point.get(cost, point["needs"].get(cost, 0)) for point in points]
        if cost == "held_out_us":
            axes.plot(*zip(*pale, strict=True), ".", color=LATER)
            best = np.maximum.accumulate(accuracies)
            axes.plot(costs, best, drawstyle="steps-post", color=DECISIVE, linewidth=0.8)
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set(major_formatter="{x:g}", minor_formatter="")
        axes.plot(costs, accuracies, "o", color=DECISIVE, markersize=4)
        for point, at, accuracy in zip(points, costs, accuracies, strict=True):
            if point["training"] == chosen:
                axes.plot(at, accuracy, "o", color=DECISION, markersize=7)
        axes.set_xlabel(name)
        axes.grid(color="0.9")
    middle, highest = np.quantile([accuracy for _, accuracy in pale], (0.5, 1))
    lowest = min(middle, *accuracies)
    room = MARGIN * ((highest - lowest) or 1)
    axes.set_ylim(lowest - room, highest + room)
    figure.supylabel("accuracy on held-out samples, %")
    return figure
