# SPDX-License-Identifier: BSD-2-Clause
"""The pad shows a sample in full size, and the network gets the pixels of a drawing."""

import numpy as np

from .test_controls import sample_of

BRIGHTNESS = """([id, side]) => {
  const shown = document.getElementById(id);
  const step = shown.width / side;
  const { data } = shown.getContext("2d").getImageData(0, 0, shown.width, shown.height);
  const middle = (at) => Math.floor((at + 0.5) * step);
  return Array.from({ length: side * side }, (_, at) =>
    data[4 * (middle(Math.floor(at / side)) * shown.width + middle(at % side))]);
}"""
"""Brightness in the middle of each of side x side fields of a canvas."""

SIDE = 28


def brightness(page, canvas: str) -> np.ndarray:
    """Return the brightness [side, side] of the fields of a canvas, 0 .. 255."""
    return np.array(page.evaluate(BRIGHTNESS, [canvas, SIDE])).reshape(SIDE, SIDE)


def test_the_pad_shows_a_sample_in_full_size(page):
    page.click("#chips button:nth-child(4)")
    page.wait_for_timeout(100)
    sample, shown = sample_of(3).reshape(SIDE, SIDE), brightness(page, "pad")
    ground, ink = shown[sample == 0].max(), shown[sample == 255].min()
    assert ground > 200 > 100 > ink  # the colours of the page
    assert np.abs(shown - (ground + (ink - ground) * (sample / 255))).max() <= 1


def test_a_drawing_that_is_not_centred_keeps_its_place(page):
    """A pen of 2.1 pixels draws a square 1.7 pixels from the edges: of 28 pixels two are hit."""
    page.locator("#centre").set_checked(False)
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    corners = [(0.06, 0.06), (0.94, 0.06), (0.94, 0.94), (0.06, 0.94), (0.06, 0.06)]
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()
    page.wait_for_timeout(100)
    expected = np.zeros((SIDE, SIDE), int)
    expected[1:-1, 1:-1] = 255
    expected[3:-3, 3:-3] = 0
    assert (brightness(page, "grid") == expected).all()
