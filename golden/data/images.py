"""Images in folders, a folder a class; bright is what spikes early."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from .dataset import DataError, Samples

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".webp"}


def read_folder(folder: Path) -> Samples:
    """Samples uint8 [n, height, width] of a folder with a sub-folder of images a class.

    Colours become grey; all images must be of one size. Raises `DataError`.
    """
    images, labels = [], []
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(below.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                images.append(read_grey(path))
                labels.append(below.name)
                if images[-1].shape != images[0].shape:
                    here, first = (f"{w} x {h}" for h, w in (images[-1].shape, images[0].shape))
                    raise DataError(f"{path} is {here} pixels, others are {first}: give one size.")
    if not images:
        raise DataError(f"{folder} holds no images: give a sub-folder of images for each class.")
    return Samples(np.stack(images), labels)


def read_grey(path: Path) -> np.ndarray:
    """Pixels uint8 [height, width] of an image file. Raises `DataError`."""
    with opened(path) as image:
        return np.asarray(image.convert("L"))


@contextmanager
def opened(path: str | Path, formats: tuple[str, ...] | None = None) -> Iterator[Image.Image]:
    """An image file of some `formats`, all that Pillow knows if None.

    Raises `DataError`, also for what is found out while the image is read.
    """
    kind = "image" if formats is None else f"{' or '.join(formats)} file"
    try:
        with warnings.catch_warnings():
            # A warning of many pixels would be text of another's beside our sentence.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=formats) as image:
                yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise DataError(f"{path} is no readable {kind}.") from None
