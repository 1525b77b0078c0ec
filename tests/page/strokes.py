# SPDX-License-Identifier: BSD-2-Clause
"""Ten digits and three shapes as a hand draws them: strokes of points, 0..100 on a pad."""

from collections.abc import Iterator, Mapping
from typing import Any

DIGITS = {
    0: [[(55, 15), (35, 22), (27, 45), (32, 72), (48, 84), (66, 74), (72, 48), (66, 24), (55, 15)]],
    1: [[(52, 14), (50, 40), (49, 65), (48, 86)]],
    2: [[(30, 32), (36, 19), (52, 14), (66, 22), (66, 38), (52, 58), (30, 82), (52, 80), (74, 82)]],
    3: [
        [(32, 20), (50, 14), (64, 22), (62, 38), (46, 47), (64, 54), (68, 70), (54, 84), (32, 80)],
    ],
    4: [[(36, 16), (32, 34), (30, 52), (50, 52), (72, 50)], [(66, 18), (64, 50), (62, 86)]],
    5: [
        [(70, 16), (38, 17), (36, 44), (54, 42), (68, 54), (66, 74), (50, 85), (30, 80)],
    ],
    6: [
        [(62, 14), (44, 32), (34, 56), (36, 76), (50, 86), (64, 76), (64, 62), (50, 56), (38, 66)],
    ],
    7: [[(26, 20), (50, 19), (72, 18), (62, 40), (52, 64), (46, 86)]],
    8: [
        [
            (62, 24), (48, 14), (36, 24), (42, 40), (58, 54), (66, 70), (52, 86), (36, 76),
            (40, 58), (56, 42), (64, 26),
        ],
    ],
    9: [
        [(64, 28), (50, 16), (36, 26), (38, 44), (54, 48), (64, 34), (65, 28), (63, 56), (58, 86)],
    ],
}  # fmt: skip

SHAPES = {
    "circle": [
        [
            (51, 19), (36, 22), (24, 33), (20, 49), (23, 66), (35, 77), (50, 81), (66, 77),
            (77, 65), (80, 50), (76, 34), (65, 23), (50, 19),
        ],
    ],
    "square": [[(22, 23), (21, 78), (79, 77), (78, 22), (22, 22)]],
    "triangle": [[(50, 19), (19, 74), (81, 75), (51, 18)]],
}  # fmt: skip


def strokes_on(box: Mapping[str, float], what: int | str) -> Iterator[list[tuple[float, float]]]:
    """The strokes of a digit or shape on a pad that takes up this box of the screen."""
    for stroke in (DIGITS | SHAPES)[what]:
        yield [
            (box["x"] + x / 100 * box["width"], box["y"] + y / 100 * box["height"])
            for x, y in stroke
        ]


def draw(page: Any, what: int | str) -> None:
    """Clear the pad and draw a digit or shape on it with the mouse."""
    page.click("#clear")
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    for places in strokes_on(pad.bounding_box(), what):
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()
    page.wait_for_function("document.querySelector('#answer b')")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
