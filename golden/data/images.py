# SPDX-License-Identifier: BSD-2-Clause
"""Reads images from one folder per class; bright pixels spike early."""

import math
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from firstspike.golden.system.files import reading

from .dataset import DataError, Samples, files_by_class, most_bytes, read_each
from .jpeg import MOST_SCANS, START, count_scans

PHOTO_FORMATS = ("PNG", "JPEG", "WEBP")
"""Accepted formats of photos by Pillow's names."""

PHOTO_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".webp"}
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "PPM", "WEBP")
"""Image formats by Pillow's names. The content decides, not the file name: for other formats Pillow
may run external programs."""

MOST_PIXELS = 1 << 22
"""Largest number of pixels of an image of a data set."""

_TILE = (322, 323)
"""TIFF tags for the width and height of its tiles."""

MOST_FILE = 1 << 28
"""Largest size of an image file in bytes."""

GROUNDS = "dark", "light"

_AGREEING = 0.9
"""Smallest share of the images that must have the same ground; below it the ground is unknown."""


def read_folder(folder: Path) -> Samples:
    """Read samples uint8 [n, height, width] from a folder with one sub-folder of images per class.

    Colours are converted to grey; all images must have the same size. Raises `DataError`.
    """
    images: list[np.ndarray] = []
    paths = list(files_by_class(folder, SUFFIXES, "images of the class"))
    size = 0
    for path, image in read_each(paths, read_grey):
        images.append(image)
        if image.shape != images[0].shape:
            size_text, first = (f"{w} x {h}" for h, w in (image.shape, images[0].shape))
            raise DataError(f"{path} is {size_text} pixels, others are {first}: give one size.")
        size += path.stat().st_size
        if len(images) * images[0].nbytes > most_bytes(size):
            raise DataError(
                f"{folder} has small files of large images: the first {len(images)} have "
                f"{len(images) * images[0].nbytes} pixels, and at most {most_bytes(size)} "
                "are read; give smaller images."
            )
    if not images:
        raise DataError(
            f"{folder} has no sub-folders with images: give a folder with one for each class."
        )
    labels = [path.parent.name for path in paths]
    return Samples(str(folder), lambda at: str(paths[at]), np.stack(images), labels)


def read_grey(path: Path) -> np.ndarray:
    """Read the pixels uint8 [height, width] of an image file. Raises `DataError`."""
    with opened(path) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise DataError(f"{path} is {width} x {height} pixels: at most {MOST_PIXELS} are read.")
        if isinstance(image, TiffImageFile):
            width, height = (image.tag_v2.get(tag, 1) for tag in _TILE)
            if width * height > MOST_PIXELS:  # decoders read a whole tile
                raise DataError(
                    f"{path} has tiles of {width} x {height} pixels: at most {MOST_PIXELS} are "
                    "read."
                )
        if image.mode.startswith(("I", "F")):
            raise DataError(f"{path} has more than 8 bits per pixel: save it as 8-bit grey.")
        if image.has_transparency_data and np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
            raise DataError(f"{path} is transparent: save it without an alpha channel.")
        return np.asarray(image.convert("L"))


def ground_of(images: np.ndarray) -> str | None:
    """Return the member of `GROUNDS` that is the background of images uint8 [n, height, width].

    The ground is the median of an image's outermost pixels. Flat images [n, n_pixels] are treated
    as squares if they fill one; otherwise all pixels count. Returns None if too few images agree.
    """
    if not len(images):
        return None
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        images = images.reshape(len(images), side if side * side == images.shape[1] else 1, -1)
    edges = (images[..., 0, :], images[..., -1, :], images[..., :, 0], images[..., :, -1])
    frames = np.concatenate([edge.reshape(len(images), -1) for edge in edges], axis=1)
    light = float((np.median(frames, axis=1) >= 128).mean())
    return GROUNDS[light > 0.5] if max(light, 1 - light) >= _AGREEING else None


@contextmanager
def opened(path: str | Path | BytesIO, formats: tuple[str, ...] = FORMATS) -> Iterator[Image.Image]:
    """Open an image file of one of `formats`.

    Raises `DataError`, also for errors found while the image is read, and `OSError` as `reading`
    does.
    """
    kind = "image" if formats is FORMATS else f"{' or '.join(formats)} file"
    with ExitStack() as stack:
        file: BinaryIO = (
            path if isinstance(path, BytesIO) else stack.enter_context(reading(path, MOST_FILE))
        )
        try:
            with warnings.catch_warnings():
                _check_scans(path, file)
                # Pillow would print a warning, for instance about many pixels, beside our message.
                warnings.simplefilter("ignore")
                with Image.open(file, formats=formats) as image:
                    yield image
        except (DataError, MemoryError):
            raise
        except Exception:  # a damaged image raises almost anything
            raise DataError(f"{path} is no readable {kind}.") from None


def _check_scans(path: str | Path | BytesIO, file: BinaryIO) -> None:
    """Raise `DataError` for a JPEG with more than `MOST_SCANS` scans; rewind the file."""
    file.seek(0)
    if file.read(len(START)) == START:
        scans = count_scans(file)
        if scans > MOST_SCANS:
            raise DataError(f"{path} is a JPEG of {scans} scans: at most {MOST_SCANS} are read.")
    file.seek(0)
