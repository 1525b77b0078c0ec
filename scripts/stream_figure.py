# SPDX-License-Identifier: BSD-2-Clause
"""Draws a complete recording for a network of sound: levels, and words with their times."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from firstspike.golden import Network
from firstspike.golden.sound.front import FrontEnd

from . import figures
from .recordings import WordPosition

ROW_SECONDS, MOST_ROWS = 15, 20
"""Seconds per row of the picture, and largest number of rows; a longer recording has longer
rows."""

ROW_INCHES, MARGIN_INCHES, WORD_INCHES, WIDTH = 1.2, 0.8, 7.5, 10

DEPTH = 96
"""Range of levels in the drawing below the loudest, in steps: twelve octaves."""


def stream_picture(
    network: Network,
    levels: np.ndarray,
    words: Sequence[tuple[WordPosition, dict[str, Any]]],
    samples: np.ndarray,
    title: str,
) -> Figure:
    """Draw a recording with levels uint8 [slots, filters], above the raster of one of its words.

    `words` has each word with its figures, and `samples` begins with their pictures. The drawn word
    is the first one that is reported, otherwise the first one.
    """
    sound = network.sound
    assert sound is not None  # the network has found the words
    rows, slots = rows_of(sound, len(levels))
    heights = [rows * ROW_INCHES + MARGIN_INCHES, WORD_INCHES]
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=heights).flat
    upper.suptitle(title)
    padded = np.zeros((rows * slots, levels.shape[1]), np.uint8)
    padded[: len(levels)] = levels
    _draw_rows(upper, network, sound, padded.reshape(rows, slots, levels.shape[1]), words)
    at = next((at for at, (_, image) in enumerate(words) if image["word"]["said"]), 0)
    begins = f"the word at {words[at][0].seconds:.2f} s"
    figures.draw_image(lower, network, samples[at], None, begins)
    return figure


def rows_of(sound: FrontEnd, slots: int) -> tuple[int, int]:
    """Return the number of rows for a recording of `slots` slots, and the slots per row."""
    slots_per_row = math.ceil(ROW_SECONDS * sound.rate / sound.slot)
    rows = min(math.ceil(slots / slots_per_row), MOST_ROWS)
    return rows, math.ceil(slots / rows) if rows in (1, MOST_ROWS) else slots_per_row


def _draw_rows(
    figure: SubFigure,
    network: Network,
    sound: FrontEnd,
    rows: np.ndarray,
    words: Sequence[tuple[WordPosition, dict[str, Any]]],
) -> None:
    """Draw levels uint8 [rows, slots, filters], and the words in them."""
    _, slots, filters = rows.shape
    loudest, window = int(rows.max()), sound.seconds(sound.window)
    ends = {at: f"{sound.filters[at].resonance(sound.rate):.0f} Hz" for at in (0, filters - 1)}
    for row, axes in enumerate(figure.subplots(len(rows), 1, squeeze=False).flat):
        begin, end = sound.seconds(row * slots), sound.seconds((row + 1) * slots)
        axes.imshow(
            rows[row].T,
            cmap="gray",
            origin="lower",
            aspect="auto",
            extent=(begin, end, -0.5, filters - 0.5),
            vmin=loudest - DEPTH,
            vmax=loudest,
        )
        axes.set_yticks(list(ends), ends.values(), fontsize=7)
        axes.tick_params(axis="x", labelsize=7)
        for word, image in words:
            if begin <= word.seconds < end:
                name = network.class_name(image["class"])
                tick = image["tick"] if image["word"]["said"] else None
                _mark(axes, word.seconds, window, name, tick)
    axes.set_xlabel("seconds; red: said, and the tick of the decision; grey: not said", fontsize=8)


def _mark(axes: Axes, begins: float, seconds: float, name: str, tick: int | None) -> None:
    """Frame a word, and write a reported decision above it, otherwise the reason inside."""
    bottom, top = axes.get_ylim()
    colour = figures.OTHER if tick is None else figures.DECISION
    frame = Rectangle((begins, bottom), seconds, top - bottom, fill=False, edgecolor=colour)
    axes.add_patch(frame)
    label, height = (name, bottom) if tick is None else (f"{name}\n{tick}", top)
    axes.text(begins, height, label, color=colour, fontsize=7, va="bottom")
