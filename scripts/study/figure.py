# SPDX-License-Identifier: BSD-2-Clause
"""Draws accuracy against hardships."""

import numpy as np
from matplotlib.figure import Figure

from firstspike.scripts.figures import DECISIVE


def draw_curves(
    curves: dict[str, dict[str, list[float]]], names: dict[str, str], title: str
) -> Figure:
    """Draw accuracy in percent along each of `curves`, with as many `values` as `accuracy`."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(2, 2, sharey=True).flat
    for axes, (name, curve) in zip(panels, curves.items(), strict=False):
        axes.plot(curve["values"], 100 * np.array(curve["accuracy"]), "o-", color=DECISIVE, ms=3)
        axes.set_xlabel(names[name])
        axes.grid(color="0.9")
    figure.supylabel("accuracy, %")
    return figure
