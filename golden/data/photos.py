# SPDX-License-Identifier: BSD-2-Clause
"""Photos: pictures of any size and colour, as a phone or a screen gives them."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from .dataset import DataError
from .images import opened

FORMATS = ("PNG", "JPEG", "WEBP")
"""Pillow's names of theirs."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")

MOST_PIXELS = 1 << 26
"""Of a photo."""


def read_photo(file: str | Path | BytesIO) -> np.ndarray:
    """Red, green, blue and alpha as the picture is to be seen: uint8 [height, width, 4].

    It is turned as its EXIF says; of 16 bits the upper 8 are taken. Raises `DataError`.
    """
    with opened(file, FORMATS) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise DataError(f"{file} is {width} x {height} pixels: at most {MOST_PIXELS} are read.")
        turned = ImageOps.exif_transpose(image)
        if turned.mode.startswith("I"):
            turned = Image.fromarray((np.asarray(turned) >> 8).clip(0, 255).astype(np.uint8))
        if turned.mode == "CMYK":
            turned = turned.convert("RGB")
        return np.asarray(turned.convert("RGBA"))
