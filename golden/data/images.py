# SPDX-License-Identifier: BSD-2-Clause
"""Images in folders, a folder a class; bright is what spikes early."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from .dataset import DataError, Samples

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".webp"}
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "PPM", "WEBP")
"""Pillow's names of theirs, whatever a file is called: for others it may run other programs."""

MOST_PIXELS = 1 << 22
"""Of an image of a data set."""


def read_folder(folder: Path) -> Samples:
    """Samples uint8 [n, height, width] of a folder with a sub-folder of images a class.

    Colours become grey; all images must be of one size. Raises `DataError`.
    """
    images, labels, paths = [], [], []
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        if below.name.startswith("."):
            continue
        inside = [path for path in sorted(below.iterdir()) if path.suffix.lower() in SUFFIXES]
        if not inside:
            raise DataError(
                f"{below} holds no images of the class {below.name}: put some there, or remove it."
            )
        for path in inside:
            images.append(read_grey(path))
            labels.append(below.name)
            paths.append(path)
            if images[-1].shape != images[0].shape:
                here, first = (f"{w} x {h}" for h, w in (images[-1].shape, images[0].shape))
                raise DataError(f"{path} is {here} pixels, others are {first}: give one size.")
    if not images:
        raise DataError(f"{folder} holds no images: give a sub-folder of images for each class.")
    return Samples(str(folder), lambda at: str(paths[at]), np.stack(images), labels)


def read_grey(path: Path) -> np.ndarray:
    """Pixels uint8 [height, width] of an image file. Raises `DataError`."""
    with opened(path) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise DataError(f"{path} is {width} x {height} pixels: at most {MOST_PIXELS} are read.")
        return np.asarray(image.convert("L"))


@contextmanager
def opened(path: str | Path | BytesIO, formats: tuple[str, ...] = FORMATS) -> Iterator[Image.Image]:
    """An image file of some of `FORMATS`.

    Raises `DataError`, also for what is found out while the image is read.
    """
    kind = "image" if formats is FORMATS else f"{' or '.join(formats)} file"
    try:
        with warnings.catch_warnings():
            # A warning, as of many pixels, would be text of another's beside our sentence.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=formats) as image:
                yield image
    except (DataError, MemoryError):
        raise
    except Exception:  # a damaged image raises almost anything
        raise DataError(f"{path} is no readable {kind}.") from None
