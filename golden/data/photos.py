# SPDX-License-Identifier: BSD-2-Clause
"""Reads photos: pictures of any size and colour, from a phone or a screen."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from .dataset import DataError
from .images import PHOTO_FORMATS, opened
from .preparation import bands_of

MOST_PIXELS = 1 << 26
"""Largest number of pixels of a photo; half for a WebP, whose decoder holds more copies."""


def read_photo(file: str | Path | BytesIO) -> np.ndarray:
    """Return red, green, blue and alpha of the upright picture: uint8 [height, width, 4].

    The picture is rotated as its EXIF data demand; of 16-bit channels the upper 8 bits are used.
    Raises `DataError`.
    """
    with opened(file, PHOTO_FORMATS) as image:
        width, height = image.size
        most = MOST_PIXELS // 2 if image.format == "WEBP" else MOST_PIXELS
        if width * height > most:
            raise DataError(f"{file} is {width} x {height} pixels: at most {most} are read.")
        ImageOps.exif_transpose(image, in_place=True)
        width, height = image.size
        rgba = np.empty((height, width, 4), np.uint8)
        for band in bands_of(rgba):  # in parts, to save memory
            part: Image.Image = image.crop((0, band.start, width, min(band.stop, height)))
            if part.mode.startswith("I"):
                part = Image.fromarray((np.asarray(part) >> 8).clip(0, 255).astype(np.uint8))
            if part.mode == "CMYK":
                part = part.convert("RGB")
            rgba[band] = np.asarray(part.convert("RGBA"))
        return rgba
