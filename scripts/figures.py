"""Draws what a network does: the spikes and membranes of one image, and histograms over many."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from firstspike.golden import Network, Results, encode, infer, potentials

DECISIVE, LATER, DECISION = "black", "0.75", "tab:red"


def picture(
    network: Network, pixels: np.ndarray, label: int, title: str, many: Results | None = None
) -> Figure:
    """The raster of one image, uint8 [n_inputs], above histograms over `many` images, if given."""
    figure = Figure(figsize=(10, 10 if many else 7.5), layout="constrained")
    if many is None:
        draw_image(figure, network, pixels, label, title)
    else:
        upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[3, 1]).flat
        draw_image(upper, network, pixels, label, title)
        draw_histograms(lower, network, many)
    return figure


def draw_image(
    figure: Figure | SubFigure, network: Network, pixels: np.ndarray, label: int, title: str
) -> None:
    """Input, hidden and output spikes over time, the output membranes, and the image itself.

    Spikes that could have taken part in the decision are dark, later ones are pale.
    """
    ticks = encode(network, pixels[None])
    inference = infer(network, ticks)
    tick, winner = int(inference.tick[0]), int(inference.decision[0])
    M = potentials(network, ticks[0])[-1]
    reached = M[1:] >= 0  # M is 0 at tick 0, where nothing fires
    fires = np.where(reached.any(0), reached.argmax(0) + 1, 0)

    sources = [
        (f"{len(network.inputs)} inputs", ticks[0]),
        *((f"{len(hidden[0])} hidden", hidden[0]) for hidden in inference.known_hidden()),
        (f"{len(fires)} outputs", fires),
    ]
    heights = [3] * (len(sources) - 1) + [1.2, 3]
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights, width_ratios=[1, 3])
    rasters = [figure.add_subplot(grid[row, 1]) for row in range(len(heights))]
    for axes, (name, spikes) in zip(rasters, sources, strict=False):
        _raster(axes, spikes, tick, network.unit)
        axes.set_ylabel(name)
    rasters[-2].plot(tick / network.unit, winner, "o", color=DECISION, markersize=5)
    end = min(network.deadline, tick + network.unit)
    _membranes(rasters[-1], network, M[: end + 1], winner)
    for axes in rasters:
        axes.axvline(tick / network.unit, color=DECISION, linewidth=1)
        axes.set_xlim(0, end / network.unit)
        axes.tick_params(labelbottom=axes is rasters[-1])
    rasters[-1].set_xlabel(f"z (z = 1 is {network.unit} ticks)")
    how = "forced at" if inference.forced[0] else "decided at"
    rasters[0].set_title(f"{winner}, {how} tick {tick}", color=DECISION)

    axes = figure.add_subplot(grid[0, 0])
    side = math.isqrt(len(pixels))
    axes.imshow(pixels.reshape(side, side), cmap="gray")
    axes.set_axis_off()
    axes.set_title(f"{title}: {label}")
    axes = figure.add_subplot(grid[1:, 0])
    axes.set_axis_off()
    counts = (
        "until the decision\n"
        f"{inference.input_spikes[0]:4d} input spikes\n"
        f"{inference.hidden_spikes[0]:4d} hidden spikes\n"
        "(pale: later spikes)"
    )
    axes.text(0, 1, counts, va="top", family="monospace", fontsize=8)


def draw_histograms(figure: Figure | SubFigure, network: Network, many: Results) -> None:
    """How long the decisions of many images took, and how many spikes."""
    panels = (
        (many.tick / network.unit, "decision time, z"),
        (many.input_spikes, "input spikes until the decision"),
        (many.hidden_spikes, "hidden spikes until the decision"),
    )
    for axes, (values, name) in zip(figure.subplots(1, 3), panels, strict=True):
        bins = np.unique(values) if len(np.unique(values)) < 40 else 40
        axes.hist(values, bins=bins, color="0.4")
        axes.axvline(values.mean(), color=DECISION, linewidth=1)
        axes.set_xlabel(f"{name} (mean {values.mean():.2f})", fontsize=8)
    figure.supylabel(f"of {len(many.tick)} images", fontsize=8)


def draw_curves(
    curves: dict[str, dict[str, list[float]]], names: dict[str, str], title: str
) -> Figure:
    """Accuracy in percent along each of `curves`: `values` and `accuracy` of the same length."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    figure.suptitle(title)
    for axes, (name, curve) in zip(figure.subplots(2, 2).flat, curves.items(), strict=True):
        axes.plot(curve["values"], 100 * np.array(curve["accuracy"]), "o-", color=DECISIVE, ms=3)
        axes.set_xlabel(names[name])
        axes.grid(color="0.9")
    figure.supylabel("accuracy, %")
    return figure


def _raster(axes: Axes, spikes: np.ndarray, decision: int, unit: int) -> None:
    """One dot for each spike; `spikes` are ticks [n], 0 for silent."""
    neurons = np.flatnonzero(spikes)
    colours = np.where(spikes[neurons] < decision, DECISIVE, LATER)
    axes.scatter(spikes[neurons] / unit, neurons, s=3, c=colours.tolist(), marker="o")
    axes.set_ylim(len(spikes) - 0.5, -0.5)


def _membranes(axes: Axes, network: Network, M: np.ndarray, winner: int) -> None:
    """M(z) = z (B - 1) - A of every output; it fires where its line reaches 0."""
    z = np.arange(len(M)) / network.unit
    scaled = M / (network.thresholds[-1] * network.unit)
    for output in range(M.shape[1]):
        style = {"linewidth": 2, "zorder": 3} if output == winner else {"linewidth": 0.8}
        axes.plot(z, scaled[:, output], label=str(output), color=f"C{output % 10}", **style)
    axes.axhline(0, color="0.5", linewidth=0.8, linestyle=":")
    axes.set_ylim(max(scaled.min() - 0.2, -4), 1)
    axes.set_ylabel("M(z) of the outputs")
    if M.shape[1] <= 10:
        axes.legend(loc="lower left", ncols=5, fontsize=7)
