# SPDX-License-Identifier: BSD-2-Clause
"""Draws a run of learning: its curve, and the receptive fields of some hidden neurons."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .report import change
from .session import Session

FIELDS = (3, 10)
"""Rows and columns of receptive fields."""

WRONG, UPDATES, WATCHED = "tab:blue", "tab:orange", "tab:green"


def picture_of(session: Session, _: object) -> Figure:
    """Draw the learning curve above receptive fields."""
    figure = Figure(figsize=(10, 8), layout="constrained")
    figure.suptitle(session.request.command, fontsize=9, wrap=True)
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.3, 1]).flat
    draw_curve(upper.subplots(), session)
    grid = lower.subplots(*FIELDS)
    draw_fields(grid.ravel(), session)
    lower.suptitle(
        "input weights of some hidden neurons (red: positive, blue: negative)", fontsize=9
    )
    return figure


def draw_curve(axes: Axes, session: Session) -> None:
    """Draw errors and updates of the learned images, and errors on watched images if any."""
    done, images, right, updated = (
        np.array([point[name] for point in session.curve])
        for name in ("done", "images", "right", "updated")
    )
    for counts, colour, label in (
        (images - right, WRONG, "decided wrong (each before its own update)"),
        (updated, UPDATES, "updates"),
    ):
        axes.plot(done, 100 * counts / images, color=colour, alpha=0.25, linewidth=0.8)
        axes.plot(done, 100 * _smooth(counts, images), color=colour, label=label)
    if session.watches:
        figures = change(session)
        watched = [figures["after"], *(point["watched"] for point in session.curve)]
        axes.plot([0, *done], 100 * (1 - np.array(watched)), color=WATCHED, label="held-out errors")
        axes.axhline(
            100 * (1 - figures["before"]), color=WATCHED, linestyle=":", label="before the change"
        )
    axes.set(yscale="log", xlabel="images learned", ylabel="% of the images")
    axes.yaxis.set(major_formatter="{x:g}", minor_formatter="{x:g}")
    axes.tick_params(axis="y", which="minor", labelsize=7)
    axes.grid(color="0.9", which="both")
    axes.legend()


def draw_fields(grid: np.ndarray, session: Session) -> None:
    """Draw receptive fields of active neurons, evenly spread over the layer; `grid` of Axes.

    A layer that convolves has none.
    """
    network = session.state.network
    for axes in grid:
        axes.set_axis_off()
    if network.geometry:
        return
    W = network.weights[0]
    alive = np.flatnonzero(W.any(axis=0))
    chosen = alive[np.linspace(0, len(alive) - 1, min(len(alive), len(grid))).astype(int)]
    side = math.isqrt(network.n_inputs)
    for axes, neuron in zip(grid, chosen, strict=False):
        field = np.zeros(network.n_inputs)
        field[network.inputs] = W[:, neuron]
        most = np.abs(field).max()
        square = network.features is None and side * side == field.size
        image = field.reshape(side, side) if square else field[None]
        axes.imshow(image, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
        axes.set_title(str(neuron), fontsize=7)


def _smooth(counts: np.ndarray, images: np.ndarray, points: int = 10) -> np.ndarray:
    """Return the share over the last `points` points, fewer at the beginning."""
    totals = np.cumsum(counts), np.cumsum(images)
    last = [total - np.concatenate([np.zeros(points), total])[: len(total)] for total in totals]
    return last[0] / last[1]
