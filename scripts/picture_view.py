# SPDX-License-Identifier: BSD-2-Clause
"""Shows what the network receives from pictures: as text, and as a picture."""

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from firstspike.golden import Network
from firstspike.golden.data.preparation import PreparedPhoto
from firstspike.golden.data.typical_digits import TypicalDigits
from firstspike.golden.encodings.levels import pixel_levels
from firstspike.golden.foreign.printable import printable

ENLARGED = 8
"""Side in pixels of an enlarged pixel."""

IN_A_ROW = 10

GROUNDS = {"dark": "light", "light": "dark"}
"""Brightness of the ground, by that of the ink."""


def describe_photos(
    network: Network, files: Sequence[str], photos: Sequence[PreparedPhoto], ticks: np.ndarray
) -> list[dict[str, Any]]:
    """Return per photo its file, its ink (None for an empty one), and differences from a digit."""
    remarks = TypicalDigits.of(network).remarks(network, ticks)
    return [
        {"file": file, "ink": photo.ink, "unlike": unlike if photo.ink else []}
        for file, photo, unlike in zip(files, photos, remarks, strict=True)
    ]


def photo_sentence(photo: dict[str, Any]) -> str:
    """Return a sentence about a photo."""
    file, ink = printable(photo["file"]), photo["ink"]
    if ink is None:
        return f"{file}: nothing is on it"
    description = f"{file}: {ink} ink on {GROUNDS[ink]} ground"
    unlike = "; ".join(photo["unlike"])
    return f"{description}; unlike a digit: {unlike}" if unlike else description


def input_view(network: Network, samples: np.ndarray) -> np.ndarray:
    """Return pictures uint8 [n, n_pixels], drawn with their levels, in a row: uint8 [h, w]."""
    side = math.isqrt(network.n_features)
    levels = pixel_levels(samples, network.levels).reshape(-1, side, side)
    across = min(len(levels), IN_A_ROW)
    rows = -(-len(levels) // across)
    tiles = np.zeros((rows * across, side, side), np.uint8)
    tiles[: len(levels)] = levels.astype(int) * 255 // (network.levels - 1)
    joined = tiles.reshape(rows, across, side, side).swapaxes(1, 2).reshape(rows * side, -1)
    return joined.repeat(ENLARGED, 0).repeat(ENLARGED, 1)


def png(pixels: np.ndarray) -> bytes:
    """Return pixels, uint8 [h, w], as a PNG file."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()
