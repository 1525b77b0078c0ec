# SPDX-License-Identifier: BSD-2-Clause
"""Prepares a photo of a digit as MNIST's images were made: cut out, scaled, centred.

    opaque     displayed colours: transparent parts are on white, or on black below light ink
    reduced    the picture with `WORK` pixels on its longer side, by the mean of areas
    ground     background of the ink: the median around each cell. It excludes strokes, and follows
               uneven light and the edges of shadows.
    standing   contrast of the ink to the ground, in the clearest of red, green, blue and grey.
               The extreme values show whether the ink is dark or light.
    otsu       the threshold between ground and ink (N. Otsu, "A threshold selection method from
               gray-level histograms", 1979).
    cleaned    ink without specks, and without pieces that cross the frame.
    centred    the ink scaled into a box of 20 x 20 pixels, its proportions kept. The box is laid
               into 28 x 28 with the centre of mass in the middle (Y. LeCun, C. Cortes, C. Burges,
               "The MNIST database of handwritten digits").

The steps compute with integers, or with doubles whose halves are rounded up, so that a program in
another language can take the same steps to the same pixels.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

SIDE = 28
"""Side of a digit of MNIST in pixels."""

BOX = 20 / SIDE
"""Longer side of the ink as a fraction of the side of the result."""

WORK = 256
"""Pixels on the longer side of the picture in which ink is searched."""

GRID = 32
"""Cells on the longer side of the picture in which the ground is searched."""

AROUND = 12
"""Radius in cells of the square whose median is a cell's ground."""

LEAST_CONTRAST = 24
"""Smallest difference in grey levels between the means of ink and ground; below it the picture is
empty."""

SPECK = 0.03
"""Relative size, compared with the largest piece of ink, below which a piece is a speck."""

INSIDE = 0.1
"""Share of the ink that must not touch the frame before ink at the frame is removed."""

TIE = 1e-9
"""Tolerance for rounding halves: far above rounding errors of a mean, far below true
differences."""


@dataclass(frozen=True, eq=False)
class PreparedPhoto:
    """A prepared picture."""

    pixels: np.ndarray
    """uint8 [side, side], bright where there is ink; an empty picture is all dark."""
    ink: str | None
    """Brightness of the ink relative to its ground, "dark" or "light"; None for an empty
    picture."""


def prepare_photo(rgba: np.ndarray, side: int) -> PreparedPhoto:
    """Return the digit on a picture. `rgba`: uint8 [height, width, 4]."""
    channels = reduced(opaque(rgba))
    best, ink = max((standing(channel) for channel in channels), key=lambda one: one[0].between)
    if best.contrast < LEAST_CONTRAST:
        return PreparedPhoto(np.zeros((side, side), np.uint8), None)
    mask = cleaned(best.bright)
    return PreparedPhoto(centred(mask * np.uint8(255), side), ink)


def opaque(rgba: np.ndarray) -> np.ndarray:
    """Return red, green and blue as displayed, uint8 [3, height, width]."""
    colours, alpha = np.moveaxis(rgba[:, :, :3], 2, 0), rgba[:, :, 3]
    if np.all(alpha == 255):
        return colours
    bands = list(bands_of(rgba))
    weighed = ((colours[:, band], alpha[band].astype(np.int64)) for band in bands)
    sums = [((part * weight).sum(), weight.sum()) for part, weight in weighed]
    mass, weights = (sum(int(one) for one in column) for column in zip(*sums, strict=True))
    background = 0 if 2 * mass > 3 * 255 * weights else 255
    displayed = np.empty(colours.shape, np.uint8)
    for band in bands:
        weight = alpha[band].astype(np.int64)
        displayed[:, band] = rounded(
            (colours[:, band] * weight + background * (255 - weight)) / 255
        )
    return displayed


def bands_of(picture: np.ndarray, pixels: int = 1 << 18) -> Iterator[slice]:
    """Yield slices of the rows of a picture [height, width, ...], each of about `pixels` pixels."""
    height, width = picture.shape[:2]
    rows = max(1, pixels // width)
    for first in range(0, height, rows):
        yield slice(first, first + rows)


def reduced(colours: np.ndarray) -> np.ndarray:
    """Return red, green, blue and grey, int64 [4, h, w], with `WORK` pixels on the longer side."""
    height, width = colours.shape[1:]
    h, w = fitting(height, width, WORK)
    resized = scaled if max(height, width) > WORK else stretched
    red, green, blue = (resized(channel, h, w) for channel in colours)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    return rounded(np.stack([red, green, blue, grey]))


@dataclass(frozen=True, eq=False)
class Standing:
    """The ink that one channel shows."""

    bright: np.ndarray
    """bool [h, w], True where there is ink."""
    between: float
    """Variance between ink and ground, a measure of clarity."""
    contrast: float
    """Difference in grey levels between the means of ink and ground."""


def standing(channel: np.ndarray) -> tuple[Standing, str]:
    """Return the ink of a channel int64 [h, w], and "dark" or "light" for its brightness."""
    difference = rounded(channel - ground(channel))
    dark = (difference**3).sum() < 0
    difference = np.clip(-difference if dark else difference, 0, 255)
    threshold, between, contrast = otsu(np.bincount(difference.ravel(), minlength=256))
    return Standing(difference > threshold, between, contrast), "dark" if dark else "light"


def ground(channel: np.ndarray) -> np.ndarray:
    """Return the ground of a channel, float64 [h, w]."""
    from scipy.ndimage import median_filter  # slow import

    h, w = channel.shape
    cells = rounded(scaled(channel, *fitting(h, w, min(GRID, max(h, w)))))
    return stretched(median_filter(cells, 2 * AROUND + 1, mode="nearest"), h, w)


def otsu(counts: np.ndarray) -> tuple[int, float, float]:
    """Return Otsu's threshold of a histogram int64 [256]: the largest value of the lower class.

    Also returns the variance between both classes and the difference of their means.
    """
    values = np.arange(256)
    total, mass = float(counts.sum()), float((counts * values).sum())
    low, low_mass = np.cumsum(counts[:-1]).astype(float), np.cumsum((counts * values)[:-1]) * 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = mass * low / total - low_mass
        between = np.nan_to_num(moved * moved / (low * (total - low)))
        contrast = np.nan_to_num((mass - low_mass) / (total - low) - low_mass / low)
    at = int(between.argmax())
    return at, float(between[at]), float(contrast[at])


def cleaned(bright: np.ndarray) -> np.ndarray:
    """Return ink bool [h, w] without specks and without pieces that cross the frame."""
    from scipy.ndimage import label  # slow import

    pieces, count = label(bright, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    sizes[0] = 0
    frame = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    inside = sizes.copy()
    inside[frame] = 0
    if inside.sum() >= INSIDE * sizes.sum():
        sizes = inside
    return (sizes >= max(1, SPECK * sizes.max()))[pieces]


def centred(grey: np.ndarray, side: int) -> np.ndarray:
    """Return bright ink uint8 [height, width] laid out as an MNIST digit: uint8 [side, side]."""
    pixels = np.zeros((side, side), np.uint8)
    rows, columns = np.flatnonzero(grey.any(1)), np.flatnonzero(grey.any(0))
    if not len(rows):
        return pixels
    part = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    h, w = fitting(part.shape[0], part.shape[1], int(rounded(side * BOX)))
    box = scaled(part, h, w)
    y, x = (box.sum(axis) @ np.arange(n) / box.sum() for axis, n in ((1, h), (0, w)))
    top, left = (int(rounded(side / 2 - centre)) for centre in (y, x))
    y0, x0 = max(0, -top), max(0, -left)
    y1, x1 = min(h, side - top), min(w, side - left)
    pixels[top + y0 : top + y1, left + x0 : left + x1] = rounded(box[y0:y1, x0:x1])
    return pixels


def fitting(height: int, width: int, side: int) -> tuple[int, int]:
    """Return height and width in the same proportion, with the longer one equal to `side`."""
    h, w = (max(1, int(rounded(length * side / max(height, width)))) for length in (height, width))
    return h, w


def scaled(grey: np.ndarray, h: int, w: int) -> np.ndarray:
    """Return a picture scaled to h x w pixels, each the mean of its area: float64 [h, w]."""
    for count in (h, w):
        parts = shares(len(grey), count)
        grey = np.stack([weights @ grey[part] for part, weights in parts], axis=1)
    return grey


def shares(length: int, count: int) -> list[tuple[slice, np.ndarray]]:
    """Return the pixels, and the share of each, in each of `count` equal parts of a line."""
    step = length / count
    parts = []
    for part in range(count):
        begin, end = part * step, (part + 1) * step
        first, last = math.floor(begin), min(math.ceil(end), length)
        at = np.arange(first, last)
        parts.append((slice(first, last), (np.minimum(at + 1, end) - np.maximum(at, begin)) / step))
    return parts


def stretched(grey: np.ndarray, h: int, w: int) -> np.ndarray:
    """Return a picture enlarged to h x w pixels by interpolation between pixel centres: float64."""
    from scipy.ndimage import zoom  # slow import

    factors = h / grey.shape[0], w / grey.shape[1]
    return zoom(grey.astype(np.float64), factors, order=1, mode="nearest", grid_mode=True)


def rounded(values: Any) -> np.ndarray:
    """Round to the nearest integers, halves upwards: int64."""
    return np.floor(np.asarray(values) + (0.5 + TIE)).astype(np.int64)
