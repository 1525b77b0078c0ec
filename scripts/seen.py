# SPDX-License-Identifier: BSD-2-Clause
"""What the network saw of pictures: in words, and as a picture of its own."""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image

from firstspike.golden import Network
from firstspike.golden.data.preparation import Prepared
from firstspike.golden.data.usual import Usual
from firstspike.golden.encodings.levels import pixel_levels
from firstspike.golden.foreign.printable import printable
from firstspike.golden.system.files import replace_file, replacing

ENLARGED = 8
"""Pixels of a side of one that the network saw."""

IN_A_ROW = 10

GROUNDS = {"dark": "light", "light": "dark"}
"""What the ground is, by the ink."""


def found_on(
    network: Network, files: Sequence[str], photos: Sequence[Prepared], ticks: np.ndarray
) -> list[dict[str, Any]]:
    """Of each photo its file, its ink (None if nothing is on it), and what is unlike a digit."""
    remarks = Usual.of(network).remarks(network, ticks)
    return [
        {"file": file, "ink": photo.ink, "unlike": unlike if photo.ink else []}
        for file, photo, unlike in zip(files, photos, remarks, strict=True)
    ]


def told(found: dict[str, Any]) -> str:
    """What was found on a photo, for people."""
    file, ink = printable(found["file"]), found["ink"]
    if ink is None:
        return f"{file}: nothing is on it"
    said = f"{file}: {ink} ink on {GROUNDS[ink]} ground"
    unlike = "; ".join(found["unlike"])
    return f"{said}; unlike a digit: {unlike}" if unlike else said


def seen(network: Network, samples: np.ndarray) -> np.ndarray:
    """Pictures, uint8 [n, n_pixels], as bright as their levels, side by side: uint8 [h, w]."""
    side = math.isqrt(network.n_features)
    levels = pixel_levels(samples, network.levels).reshape(-1, side, side)
    across = min(len(levels), IN_A_ROW)
    rows = -(-len(levels) // across)
    tiles = np.zeros((rows * across, side, side), np.uint8)
    tiles[: len(levels)] = levels.astype(int) * 255 // (network.levels - 1)
    joined = tiles.reshape(rows, across, side, side).swapaxes(1, 2).reshape(rows * side, -1)
    return joined.repeat(ENLARGED, 0).repeat(ENLARGED, 1)


@contextmanager
def written(path: str | None) -> Iterator[Callable[[np.ndarray], None]]:
    """Give a function that writes pixels, uint8 [h, w], to a PNG file, as `json_result` does."""
    if path is None:
        yield lambda pixels: None
        return
    with replacing(path) as file:

        def show(pixels: np.ndarray) -> None:
            content = io.BytesIO()
            Image.fromarray(pixels).save(content, "PNG")
            replace_file(file, content.getvalue())

        yield show
