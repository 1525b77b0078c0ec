"""Images in folders, a folder a class; bright is what spikes early."""

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
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise DataError(f"{path} is no readable image.") from None
