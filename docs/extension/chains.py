# SPDX-License-Identifier: BSD-2-Clause
"""The directive `chains`: a block diagram, drawn in the colours of the page.

    ```{chains}
    words -> Encoder -> IngressCheck
    events -> IngressCheck -> [Layer] -> decision
    Layer: one word per cycle
    ```

A line is a chain of parts. Two lines that have a name in common share its part. Blocks have a box:
their names begin with a capital letter, or stand in brackets. A line with a colon says more about a
part, in several lines if ` / ` separates them. Arrows lead to the right. A code host shows the
lines themselves.
"""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

CHARACTER, LINE = 7.8, 17
"""Width of a character and height of a line, in pixels, of 13 pixels of a font of one width."""
GAP, MARGIN = 34, 8
"""Between columns, and between a name and its box; a row of parts has a margin above and below."""


class Part(NamedTuple):
    """A part has a name, lines of words below it, and perhaps a box."""

    name: str
    words: tuple[str, ...]
    boxed: bool


def read(lines: Sequence[str]) -> tuple[dict[str, Part], list[list[str]]]:
    """Return the parts by name, and the chains of names; ValueError for a line that is neither."""
    parts: dict[str, Part] = {}
    chains = []
    for line in filter(None, map(str.strip, lines)):
        if " -> " in line:
            names = line.split(" -> ")
            chains.append([name.strip("[]") for name in names])
            for name in names:
                boxed = name.startswith("[") or name[0].isupper()
                parts.setdefault(name.strip("[]"), Part(name.strip("[]"), (), boxed))
        else:
            name, colon, words = line.partition(": ")
            if not colon or name not in parts:
                raise ValueError(f"{line!r} is no chain, and says nothing about a part of one.")
            part = parts[name]
            parts[name] = part._replace(words=(*part.words, *words.split(" / ")))
    return parts, chains


def placed(chains: Sequence[Sequence[str]]) -> tuple[dict[str, int], dict[str, int]]:
    """Return column and row of each part: right of all before it, in the row of its first chain."""
    row: dict[str, int] = {}
    for number, chain in enumerate(chains):
        for name in chain:
            row.setdefault(name, number)
    column = dict.fromkeys(row, 0)
    for _ in row:
        for a, b in (pair for chain in chains for pair in pairwise(chain)):
            column[b] = max(column[b], column[a] + 1)
    return column, row


def drawing(parts: dict[str, Part], chains: Sequence[Sequence[str]]) -> str:
    """Return the diagram as SVG, whose lines and letters have the colour of the text around it."""
    column, row = placed(chains)

    def text_width(part: Part) -> float:
        return CHARACTER * max(map(len, (part.name, *part.words))) + 2 * MARGIN

    widths = [
        max(text_width(part) for name, part in parts.items() if column[name] == number)
        for number in range(max(column.values()) + 1)
    ]
    heights = [0] * len(chains)
    for name, part in parts.items():
        height = LINE * (1 + len(part.words)) + 4 * MARGIN
        heights[row[name]] = max(heights[row[name]], height)
    left = {
        name: sum(widths[: column[name]])
        + GAP * column[name]
        + (widths[column[name]] - text_width(part)) / 2
        for name, part in parts.items()
    }
    middle = {name: sum(heights[: row[name]]) + heights[row[name]] / 2 for name in parts}
    drawn = []
    for a, b in dict.fromkeys(pair for chain in chains for pair in pairwise(chain)):
        x0, x1 = left[a] + text_width(parts[a]), left[b]
        bend = (x0 + x1) / 2 if row[a] == row[b] else x1 - GAP / 2
        path = f"M{x0:.0f} {middle[a]:.0f}H{bend:.0f}V{middle[b]:.0f}H{x1 - 2:.0f}"
        drawn.append(f'<path d="{path}" fill="none" marker-end="url(#arrow)"/>')
    for name, part in parts.items():
        width, height = text_width(part), LINE * (1 + len(part.words)) + MARGIN
        x, y = left[name], middle[name] - height / 2
        if part.boxed:
            drawn.append(
                f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height}" rx="4" '
                'fill="none"/>'
            )
        for number, words in enumerate((name, *part.words)):
            baseline = y + MARGIN / 2 + LINE * (number + 0.75)
            weight = ' font-weight="bold"' if part.boxed and number == 0 else ""
            drawn.append(
                f'<text x="{x + width / 2:.0f}" y="{baseline:.0f}" text-anchor="middle" '
                f'stroke="none"{weight}>{escape(words)}</text>'
            )
    size = sum(widths) + GAP * (len(widths) - 1) + 2, sum(heights)
    said = escape("; ".join(" to ".join(chain) for chain in chains), quote=True)
    return (
        f'<div class="chains" tabindex="0"><svg role="img" aria-label="{said}" '
        f'viewBox="-1 0 {size[0]:.0f} {size[1]:.0f}" width="{size[0]:.0f}" height="{size[1]:.0f}" '
        'stroke="currentColor" fill="currentColor" font-size="13" font-family="monospace">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" stroke="none"/></marker></defs>'
        f"{''.join(drawn)}</svg></div>"
    )


class Chains(SphinxDirective):
    """The diagram of the directive's lines; other builders than HTML's show the lines."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Draw it."""
        if self.env.app.builder.format != "html":
            return [nodes.literal_block(text="\n".join(self.content))]
        return [nodes.raw("", drawing(*read(self.content)), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx the name."""
    app.add_directive("chains", Chains)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
