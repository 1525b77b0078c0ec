# SPDX-License-Identifier: BSD-2-Clause
"""Draws a run of training: its curve, and its confusion matrix."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firstspike.scripts.figures import draw_confusion

from .session import Session


def picture_of(session: Session, result: dict[str, Any]) -> Figure:
    """Draw the learning curve next to the confusion matrix of the test part."""
    figure = Figure(figsize=(12, 5), layout="constrained")
    figure.suptitle(session.request.command, fontsize=9, wrap=True)
    left, right = figure.subplots(1, 2)
    draw_curve(left, session)
    draw_confusion(right, session.trainer.network_, result["confusion"])
    return figure


def draw_curve(axes: Axes, session: Session) -> None:
    """Draw the errors of every epoch on training and held-out samples; mark the network's epoch.

    A network has quantised weights, so an epoch with real weights is chosen only if there is no
    other.
    """
    history, best = session.trainer.history_, session.trainer.best_
    numbers = [epoch.number for epoch in history]
    axes.plot(numbers, [100 * (1 - epoch.training_accuracy) for epoch in history], label="training")
    held_out = [epoch.validation_accuracy for epoch in history]
    if None not in held_out:
        errors = [100 * (1 - (accuracy or 0)) for accuracy in held_out]
        axes.plot(numbers, errors, label="held out")
    quantised = [epoch.number for epoch in history if epoch.fine_tuning]
    if quantised:
        label = f"weights are quantised from epoch {quantised[0]}"
        axes.axvline(quantised[0] - 0.5, color="0.5", linestyle="--", label=label)
    which = (
        "the last one"
        if None in held_out
        else "the best" + " of the quantised ones" * bool(quantised)
    )
    label = f"the network's epoch, {best.number}: {which}"
    axes.axvline(best.number, color="0.5", linestyle=":", label=label)
    axes.set_yscale("symlog", linthresh=1)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(ylim=(0, None), xlabel="epoch", ylabel="errors, %")
    axes.grid(color="0.9")
    axes.legend()
