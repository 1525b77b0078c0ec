# SPDX-License-Identifier: BSD-2-Clause
"""Draws the activity of a network: spikes and membranes of one image, and histograms over many."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from firstspike.golden import Network, Results, encode, infer
from firstspike.golden.encodings.samples import SampleKind
from firstspike.golden.foreign.printable import printable
from firstspike.golden.layers.convolution import Convolution
from firstspike.scripts.output import counted

_MOST_NAMES = 20  # classes up to which a confusion matrix shows names and counts
_TITLE = 26  # characters above the sample
_LINES = 11  # names that fit beside the panel of the membranes; more names are smaller
_BELOW = 40  # characters in a line of names of outputs below the panel
_MOST_BARS = 30  # features up to which names fit
_MOST_CURVES = 8  # channels of a series up to which names fit
_ROOMY = 20  # features up to which names are larger
_LONGEST = 24  # characters of such a name
_ABOVE = (4.2, 6)  # smallest and largest height of the rows above the outputs; membranes have 3
_WIDE = 4  # largest ratio of width to height of all maps together
DECISIVE, LATER, DECISION, OTHER = "black", "0.75", "tab:red", "0.6"


def picture(
    network: Network,
    sample: np.ndarray,
    label: int | None,
    title: str,
    many: Results | None = None,
) -> Figure:
    """Return the raster of one sample [...] above its maps and histograms over `many` images.

    Only a network whose first layer convolves has maps.
    """
    convolves = isinstance(network.layers[0], Convolution)
    heights = [7.5] + [2.5] * (convolves + (many is not None))
    figure = Figure(figsize=(10, sum(heights)), layout="constrained")
    parts = iter(figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights).flat)
    draw_image(next(parts), network, sample, label, title)
    if convolves:
        draw_maps(next(parts), network, sample)
    if many is not None:
        draw_histograms(next(parts), network, many)
    return figure


def draw_image(
    figure: Figure | SubFigure,
    network: Network,
    sample: np.ndarray,
    label: int | None,
    title: str,
) -> None:
    """Draw input, hidden and output spikes over time, the output membranes, and the sample.

    Spikes before the tick of the decision, which can have influenced it, are dark.
    """
    ticks = encode(network, sample[None])
    inference = infer(network, ticks)
    tick, winner = int(inference.tick[0]), int(inference.decision[0])
    last = np.dstack([(ticks, *inference.known_hidden())[-1], *(inference.later or ())[-1:]])
    weights, threshold = network.weights[-1], network.thresholds[-1]
    fires, _ = network.layers[-1].fired(weights, threshold, last, network.deadline, 1)

    sources = [
        (counted(len(network.inputs), "input"), ticks[0]),
        *((f"{len(hidden[0])} hidden", hidden[0]) for hidden in inference.known_hidden()),
        (counted(len(fires[0]), "output"), fires[0, :, 0]),
    ]
    heights = [3 if len(np.unique(spikes[spikes > 0])) > 1 else 1.2 for _, spikes in sources[:-1]]
    # With many layers the outputs keep their height, and with few spikes the sample does.
    scale = np.clip(sum(heights), *_ABOVE) / sum(heights)
    heights = [height * scale for height in heights] + [1.2, 3]
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights, width_ratios=[1, 3])
    rasters = [figure.add_subplot(grid[row, 1]) for row in range(len(heights))]
    for axes, (name, spikes) in zip(rasters, sources, strict=False):
        _raster(axes, spikes, tick, network.unit)
        axes.set_ylabel(name)
    rasters[-2].plot(tick / network.unit, winner, "o", color=DECISION, markersize=5)
    end = min(network.deadline, tick + network.unit)
    _membranes(rasters[-1], network, last[0], end, winner)
    for axes in rasters:
        axes.axvline(tick / network.unit, color=DECISION, linewidth=1)
        axes.set_xlim(0, end / network.unit)
        axes.tick_params(labelbottom=axes is rasters[-1])
    rasters[-1].set_xlabel(f"z (z = 1 is {network.unit} ticks)")
    how = "forced at" if inference.forced[0] else "decided at"
    rasters[0].set_title(f"{network.class_name(winner)}, {how} tick {tick}", color=DECISION)

    below = max(2, len(heights) - 2)
    axes = figure.add_subplot(grid[:below, 0])
    _sample(axes, network, sample)
    called = title if label is None else f"{title}: {network.class_name(label)}"
    axes.set_title(textwrap.fill(called, _TITLE))
    axes = figure.add_subplot(grid[below:, 0])
    axes.set_axis_off()
    counts = (
        "until the decision\n"
        f"{inference.input_spikes[0]:4d} input spikes\n"
        f"{inference.hidden_spikes[0]:4d} hidden spikes\n"
        "(pale: from its tick on)"
    )
    axes.text(0, 1, counts, va="top", family="monospace", fontsize=8)


def draw_maps(figure: Figure | SubFigure, network: Network, sample: np.ndarray) -> None:
    """Draw the spike times of the neurons of the first layer before the decision, map by map."""
    kind = network.layers[0]
    assert isinstance(kind, Convolution)
    inference = infer(network, encode(network, sample[None]))
    (hidden, *_), end = inference.known_hidden(), inference.tick[0]
    rows, columns = kind.geometry.out
    z = np.where((hidden > 0) & (hidden < end), hidden, 2 * network.deadline) / network.unit
    maps = z.reshape(kind.filters, rows, columns)
    maps_across = min(kind.filters, math.ceil(math.sqrt(_WIDE * kind.filters * rows / columns)))
    maps_down = math.ceil(kind.filters / maps_across)
    maps_across = math.ceil(kind.filters / maps_down)
    canvas = np.full((maps_down * (rows + 1), maps_across * (columns + 1)), np.nan)
    for at, one in enumerate(maps):
        y, x = at // maps_across * (rows + 1), at % maps_across * (columns + 1)
        canvas[y : y + rows, x : x + columns] = one
    axes = figure.subplots()
    colours = colormaps["viridis"].with_extremes(over="0.9", bad="white")
    latest = end / network.unit
    drawn = axes.imshow(
        canvas[:-1, :-1], cmap=colours, vmin=min(z.min(), latest), vmax=latest, aspect="equal"
    )
    axes.set_axis_off()
    axes.set_title(f"{kind.filters} maps of the first layer (grey: no spike)", fontsize=9)
    figure.colorbar(drawn, ax=axes, label="z of the spike")


def draw_histograms(figure: Figure | SubFigure, network: Network, many: Results) -> None:
    """Draw histograms of the decision times and of the spikes of many images."""
    panels = (
        (many.tick / network.unit, "decision time, z"),
        (many.input_spikes, "input spikes until the decision"),
        (many.hidden_spikes, "hidden spikes until the decision"),
    )
    for axes, (values, name) in zip(figure.subplots(1, 3), panels, strict=True):
        known = np.unique(values)
        last = known[-1] + np.diff(known).min(initial=1)
        bins = [*known, last] if len(known) < 40 else 40
        axes.hist(values, bins=bins, color="0.4")
        axes.axvline(values.mean(), color=DECISION, linewidth=1)
        axes.set_xlabel(f"{name} (mean {values.mean():.2f})", fontsize=8)
    figure.supylabel(f"of {len(many.tick)} images", fontsize=8)


def confusion_picture(network: Network, confusion: list[list[int]], title: str) -> Figure:
    """Draw the confusion matrix."""
    figure = Figure(figsize=(7, 6), layout="constrained")
    figure.suptitle(title, fontsize=9)
    draw_confusion(figure.subplots(), network, confusion)
    return figure


def draw_confusion(axes: Axes, network: Network, confusion: list[list[int]]) -> None:
    """Draw the matrix [label][decision]; errors have separate colours, scaled to the largest."""
    counts = np.array(confusion)
    right = np.eye(len(counts), dtype=bool)
    most = counts[~right].max(initial=1)
    axes.imshow(np.ma.masked_array(counts, right), cmap="Reds", vmin=0, vmax=2 * most)
    axes.imshow(np.ma.masked_array(right, ~right), cmap="Greys", vmin=0, vmax=4)
    names = [network.class_name(output) for output in range(len(counts))]
    if len(counts) <= _MOST_NAMES:
        turned = max(map(len, names)) > 3
        axes.set_xticks(range(len(names)), names, fontsize=8, rotation=45 if turned else 0)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        for (label, decision), count in np.ndenumerate(counts):
            if count:
                axes.text(decision, label, str(count), ha="center", va="center", fontsize=8)
    axes.set_xlabel("decided")
    axes.set_ylabel("labelled")
    accuracy = np.trace(counts) / max(counts.sum(), 1)
    axes.set_title(f"{counts.sum()} images, {accuracy:.2%} right", fontsize=9)


def _sample(axes: Axes, network: Network, sample: np.ndarray) -> None:
    """Draw the sample: an image, a word, a time series, or a bar for each feature.

    The brightness of pixels is that of their levels, which the network receives.
    """
    names = network.features.names if network.features else ()
    named = 0 < len(names) <= _MOST_BARS  # more names may be the pixels of a square
    side, sound = math.isqrt(sample.size), network.sound
    if is_series(network, sample):
        _curves(axes, sample)
        return
    square = side > 2 and side * side == sample.size and not named
    if sound is None and sample.ndim != 2 and not square:
        _bars(axes, network, sample, names)
        return
    image, brightest = sample, None
    if network.takes_pixels:
        image, brightest = _levels(network, sample), network.levels - 1
    if sound is not None:  # time runs to the right, low frequencies are at the bottom
        image = image.reshape(sound.frames, -1).T[::-1]
    elif image.ndim != 2:
        image = image.reshape(side, side)
    axes.imshow(image, "gray", vmin=None if brightest is None else 0, vmax=brightest)
    axes.set_aspect("equal" if sound is None else "auto")
    axes.set_axis_off()


def is_series(network: Network, sample: np.ndarray) -> bool:
    """Whether a sample is a time series [channels, steps]; a square of numbers is an image."""
    if network.takes is SampleKind.TABLE:
        return sample.ndim == 2 and sample.shape[0] != sample.shape[1]
    return network.takes is SampleKind.SERIES


def _curves(axes: Axes, series: np.ndarray) -> None:
    """Draw a curve for each channel of a series [channels, steps], and name a few of them."""
    lines = axes.plot(series.T, linewidth=0.8)
    axes.set_xlabel("step", fontsize=7)
    axes.tick_params(labelsize=7)
    if 1 < len(lines) <= _MOST_CURVES:
        names = [f"channel {number}" for number in range(len(lines))]
        axes.legend(
            lines, names, fontsize=6, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.1)
        )


def _levels(network: Network, sample: np.ndarray) -> np.ndarray:
    """Return the level of each value of a sample, which the network receives."""
    values = network.coding.values(network, sample[None])[0]
    return values[: network.n_features].reshape(sample.shape)


def _bars(axes: Axes, network: Network, sample: np.ndarray, names: Sequence[str]) -> None:
    """Draw a bar for each feature, with its level as length, or its value if there are no levels.

    Names and values are next to the bars, or next to every k-th of many bars.
    """
    values, levels = sample.ravel(), network.levels
    axes.barh(range(len(values)), _levels(network, values) if levels else values, color="0.4")
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.tick_params(labelsize=7)
    if levels:
        axes.set_xlim(0, levels - 1)
        axes.set_xticks([0, levels - 1])
        axes.set_xlabel("level: the larger, the earlier", fontsize=7)
    indices = range(0, len(values), math.ceil(len(values) / _MOST_BARS))
    named = [printable(names[at], _LONGEST) if names else f"[{at}]" for at in indices]
    labels = [
        f"{name} missing" if np.isnan(values[at]) else f"{name} = {values[at]:.4g}"
        for name, at in zip(named, indices, strict=True)
    ]
    axes.set_yticks(indices, labels, fontsize=7 if len(indices) <= _ROOMY else 6)


def _raster(axes: Axes, spikes: np.ndarray, decision: int, unit: int) -> None:
    """Draw a dot for each spike; `spikes` are ticks [n], 0 for silent."""
    neurons = np.flatnonzero(spikes)
    colours = np.where(spikes[neurons] < decision, DECISIVE, LATER)
    axes.scatter(spikes[neurons] / unit, neurons, s=3, c=colours.tolist(), marker="o")
    axes.set_ylim(len(spikes) - 0.5, -0.5)


def _membranes(axes: Axes, network: Network, spikes: np.ndarray, end: int, winner: int) -> None:
    """Draw M(z) = z (B - 1) - A of every output; an output fires where its line reaches 0.

    `spikes`: int32 [n_in, spikes of an input] into the last layer, 0 for none. A line has a corner
    at each spike up to the tick `end`.
    """
    weights, threshold = network.weights[-1], network.thresholds[-1]
    rows, numbers = np.nonzero((spikes > 0) & (spikes < end))
    order = np.argsort(spikes[rows, numbers])
    corners = np.array([0, *spikes[rows, numbers][order], end])
    S = np.cumsum(np.vstack([np.full(weights.shape[1], -threshold), weights[rows[order]]]), axis=0)
    M = np.cumsum(S * np.diff(corners)[:, None], axis=0)
    z, scaled = corners / network.unit, np.vstack([0 * S[:1], M]) / (threshold * network.unit)
    lowest = max(scaled.min() - 0.2, -4)
    for output in range(scaled.shape[1]):
        colour, width = (DECISION, 2) if output == winner else (OTHER, 0.8)
        axes.plot(z, scaled[:, output], color=colour, linewidth=width, zorder=2 + width)
    axes.axhline(0, color="0.5", linewidth=0.8, linestyle=":")
    axes.set_ylim(lowest, 1)
    axes.set_ylabel("M(z) of the outputs")
    if scaled.shape[1] <= _MOST_NAMES:
        _name_lines(axes, network, scaled[-1], winner)


def _name_lines(axes: Axes, network: Network, ends: np.ndarray, winner: int) -> None:
    """Write the name of every output at the end of its line; list those that end below."""
    lowest, highest = axes.get_ylim()
    order = np.argsort(-ends, kind="stable").tolist()
    visible = [output for output in order if ends[output] >= lowest]
    below = [network.class_name(output) for output in order if ends[output] < lowest]
    spacing = (highest - lowest) / max(len(visible), _LINES)
    heights = spread(ends[visible], lowest + spacing / 2, highest - spacing / 2, spacing)
    for output, height in zip(visible, heights.tolist(), strict=True):
        axes.annotate(
            network.class_name(output),
            (1, height),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            color=DECISION if output == winner else "0.4",
            fontsize=8 if len(visible) <= _LINES else 6,
            va="center",
        )
    if below:
        axes.text(
            0.99,
            0.03,
            textwrap.fill(f"below: {', '.join(below)}", _BELOW),
            transform=axes.transAxes,
            color="0.4",
            fontsize=8,
            ha="right",
            zorder=5,  # above all lines
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )


def spread(targets: np.ndarray, lowest: float, highest: float, spacing: float) -> np.ndarray:
    """Return positions near the descending `targets` ones, within bounds and spaced by `spacing`.

    The bounds must have room for all positions.
    """
    steps = spacing * np.arange(len(targets))
    # Each position is at least `spacing` below the one before it, with room for those after it.
    indices = np.minimum.accumulate(np.minimum(targets, highest) + steps) - steps
    return np.maximum(indices, lowest + steps[::-1])
