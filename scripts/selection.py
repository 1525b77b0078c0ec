# SPDX-License-Identifier: BSD-2-Clause
"""Finds the images for a verb: in a data set, a file of events, or pictures."""

import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from firstspike.golden import DataError, Network, bundled_test_set, encode
from firstspike.golden.data.dataset import MOST_TEXT, widened
from firstspike.golden.data.images import PHOTO_FORMATS, opened
from firstspike.golden.data.sets import DATASETS
from firstspike.golden.data.split import SplitError, some_of
from firstspike.golden.data.typical_digits import takes_digits
from firstspike.golden.encoding import bitmap_pixels
from firstspike.golden.foreign.printable import printable
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.system.files import reading

from .datasets import Data, check_named, dataset_option, loaded
from .errors import VerbError
from .inputs import STANDARD_INPUT, Kind, check_samples, input_option, kind_of
from .options import several
from .output import MOST_NAME, counted

if TYPE_CHECKING:
    from firstspike.golden.data.preparation import PreparedPhoto

    from .recordings import WordPosition

DEFAULT_IMAGES = 100


class _All(int):
    """A number of images that prints as `all`, for the command line in a network file."""

    def __str__(self) -> str:
        return "all"


ALL = _All(-1)
"""Number of images that selects all."""


class ImageCount(click.IntRange):
    """A number of images, or `all`, which is ALL."""

    name = "number of images: give a number, or all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Accept `all` in addition to numbers."""
        return ALL if value == "all" else super().convert(value, param, ctx)


images_option = partial(click.option, "--images", type=ImageCount(1), metavar="N|all")

WHICH = "the first N of a named set, or N drawn from all of a file, always the same"
"""Describes which images `--images N` selects."""

MOST_BYTES = 1 << 28
"""Largest size of the spike ticks of a file of events: a small file can expand greatly."""


@dataclass(frozen=True)
class Selection:
    """Images in the form for the network."""

    ticks: np.ndarray
    """int32 [n, n_rows], the spike tick of every connected input, 0 for silent."""
    labels: Sequence[int | None]
    """Class of each image, None if unknown."""
    pixels: np.ndarray | None
    """uint8 [n, n_inputs], or None for images that are events."""
    source: str
    """Origin of the images, for messages."""
    numbers: np.ndarray
    """int64 [n], index of each image in its test part, file of events, or list of pictures."""
    samples: np.ndarray | None = None
    """uint8 [n, n_features], the pixels of pictures, or [n, frames, filters], the pictures of
    words; otherwise None."""
    photos: "Sequence[PreparedPhoto] | None" = None
    """Prepared pictures; None for other images."""
    words: "Sequence[WordPosition] | None" = None
    """The words of recordings; None for other images."""
    silent: Sequence[str] = ()
    """The files of recordings without a word."""
    files: Sequence[str] = ()
    """The file of each picture; empty for other images."""

    def names(self) -> list[str]:
        """Return the label of each image in output: its file, or its number.

        Folders are omitted unless files in several folders have equal names.
        """
        if not self.files:
            return list(map(str, self.numbers.tolist()))
        names: Sequence[str] = [Path(file).name for file in self.files]
        if len(set(names)) < len(names):
            names = self.files
        return [printable(name, MOST_NAME) for name in names]


selection_options = several(
    input_option(
        help="Take these files: photos (PNG, JPEG, WebP); recordings, whose words are found (WAV, "
        'FLAC); events, one image per line: {"events": [[tick, input], ...], "label": 3}, with - '
        "for standard input; or all samples of a data set (.csv, .npz, a folder).",
    ),
    images_option(
        help=f"Take N test images of the data set: {WHICH}.  [default: {DEFAULT_IMAGES}]",
    ),
    dataset_option(),
)
"""Adds the options of `ImageChoice`."""


@dataclass(frozen=True)
class ImageChoice:
    """The options that select images, by default the first test images of MNIST."""

    dataset: str | None = None
    images: int | None = None
    input_files: tuple[str, ...] = ()


def select(network: Network, chosen: ImageChoice, bitmap: int | None = None) -> Selection:
    """Return the chosen images; a core that takes pixels (--bitmap) takes no events.

    Raises `VerbError` for images that do not fit the network, click.UsageError if the options
    contradict each other.
    """
    dataset, n, files = chosen.dataset, chosen.images, chosen.input_files
    kind = kind_of(files) if files else Kind.SAMPLES
    if files and (dataset or (n and kind is not Kind.SAMPLES)):
        raise click.UsageError(
            "Give a data set by --dataset, or files by --input; --images N is of a data set."
        )
    if kind is Kind.EVENTS:
        if bitmap:
            raise click.UsageError("Events are no pixels: --bitmap goes with pixels.")
        return read_events(network, files[0])
    if kind is Kind.PHOTOS:
        samples, photos = read_pictures(network, files)
        images = _unlabelled(samples, counted(len(samples), "photo"))
        return replace(_encoded(network, images), samples=samples, photos=photos, files=files)
    if kind is Kind.RECORDINGS:
        from .recordings import read_words

        words, samples, silent = read_words(network, files)
        share = f"{len(files) - len(silent)} of " if silent else ""
        source = f"{counted(len(words), 'word')} in {share}{counted(len(files), 'recording')}"
        images = _unlabelled(samples, source)
        return replace(_encoded(network, images), samples=samples, words=words, silent=silent)
    images = loaded_images(network, dataset, files)
    return _encoded(network, images.take(n or (None if files else DEFAULT_IMAGES), at_most=not n))


def _encoded(network: Network, images: "Images") -> Selection:
    """Return images as they enter the network."""
    return Selection(
        encode(network, images.samples),
        images.labels,
        bitmap_pixels(network, images.samples),
        images.source,
        images.numbers,
    )


def _unlabelled(samples: np.ndarray, source: str) -> "Images":
    """Return the samples [n, ...] of files without labels."""
    n = len(samples)
    return Images("", samples, [None] * n, np.arange(n), source)


@dataclass(frozen=True, eq=False)
class Images:
    """Test images in the form of their data set."""

    name: str
    """Name or file of the data set."""
    samples: np.ndarray
    """[n, ...]"""
    labels: list[int | None]
    """Class of each image, None if unknown."""
    numbers: np.ndarray
    """int64 [n], index of each image in the test part."""
    source: str
    """Origin of the images, for messages."""
    noun: str = "test images"

    def take(self, n: int | None, at_most: bool = False) -> "Images":
        """Return n of all images, or all for None and ALL, selected as `WHICH` describes.

        With `at_most`, fewer images are accepted. Raises `VerbError`.
        """
        available = len(self.samples)
        n = None if n == ALL else n
        if (n or 0) > available and not at_most:
            raise VerbError(
                f"{self.name} has {available} {self.noun}: at most as many can be taken."
            )
        n = min(n or available, available)
        numbers = np.arange(n)
        if 1 < n == available:
            description = f"all {n}"
        elif self.name in DATASETS:
            description = f"the first {n}"
        else:
            description, numbers = f"{n} of {available}", some_of(available, n)
        source = f"{description} {self.noun} of {printable(self.name)}"
        labels = [self.labels[at] for at in numbers.tolist()]
        return replace(
            self, samples=self.samples[numbers], labels=labels, numbers=numbers, source=source
        )


def loaded_images(
    network: Network, dataset: str | None = None, files: Sequence[str] = ()
) -> Images:
    """Return all test images of a data set, by default MNIST, or all samples of a file.

    For MNIST, the binarised copy of the package is used if it makes no difference to the network.
    Raises `VerbError` and other FirstSpike errors.
    """
    if files and dataset:
        raise click.UsageError("Give a data set by --dataset, or a file by --input.")
    if files:
        check_samples(files)
    name = files[0] if files else dataset or DATASETS[0]
    are_images = network.takes_pixels and network.sound is None
    noun = "samples" if files else "test images" if are_images else "test samples"
    if name == "mnist" and network.levels == 2 and not files:
        check_named(name, network)
        samples, called = bundled_test_set()
    else:
        with convert_errors(VerbError, "give it by --input to take all samples: ", SplitError):
            images = loaded(Data(dataset=name), network, "all" if files else "test")
        samples, called = images.x_test, images.y_test
        if images.ticks:
            samples = widened(samples, network.n_inputs)
    labels = [None if label < 0 else label for label in called.tolist()]
    source = f"the {noun} of {printable(name)}"
    return Images(name, samples, labels, np.arange(len(samples)), source, noun)


def read_pictures(
    network: Network, files: Sequence[str]
) -> "tuple[np.ndarray, list[PreparedPhoto] | None]":
    """Return photos as samples uint8 [n, n_pixels], and as `PreparedPhoto` for a network of digits.

    A network of digits takes a picture that is a digit of MNIST as it is, and prepares others; any
    other network takes pictures as they are. Raises `VerbError` and other FirstSpike errors.
    """
    if takes_digits(network):
        photos = [_digit(network, file) for file in files]
        return np.stack([photo.pixels.ravel() for photo in photos]), photos
    return np.stack([read_image(network, file) for file in files]), None


def _digit(network: Network, file: str) -> "PreparedPhoto":
    """Return the digit on a photo: the photo itself if it is grey, dark and of the right size."""
    from firstspike.golden.data.photos import read_photo
    from firstspike.golden.data.preparation import SIDE, PreparedPhoto, prepare_photo

    with suppress(VerbError):
        pixels = read_image(network, file)
        if pixels.mean() <= np.iinfo(pixels.dtype).max / 2:
            ink = "light" if pixels.any() else None
            return PreparedPhoto(pixels.reshape(SIDE, SIDE), ink)
    return prepare_photo(read_photo(file), SIDE)


def read_image(network: Network, file: str) -> np.ndarray:
    """Return pixels uint8 [n_pixels] of a grey picture of the network's size, bright on dark."""
    if network.sound is not None:
        raise VerbError("this network takes sound, and no images: give recordings.")
    if not network.takes_pixels:
        raise VerbError("the network takes no pixels: give a data set or events.")
    wanted = _picture_size(network)
    with opened(file, PHOTO_FORMATS) as image:
        size, mode = image.size, image.mode
        pixels = np.asarray(image.convert("RGBA")) if size == wanted else None
    if pixels is None:
        raise VerbError(
            f"{file} is {size[0]} x {size[1]} pixels: this network takes {wanted[0]} x {wanted[1]}."
        )
    grey = pixels[:, :, 0]
    if mode.startswith(("I", "F")) or np.any(pixels[:, :, :3] != grey[:, :, None]):
        raise VerbError(f"{file} is in colour or has more than 8 bits: save it as 8-bit grey.")
    if np.any(pixels[:, :, 3] != 255):
        raise VerbError(f"{file} is transparent: save it without an alpha channel.")
    return grey.ravel()


def _picture_size(network: Network) -> tuple[int, int]:
    """Return width and height of a picture: only a convolution stores them, others are square."""
    first = network.layers[0]
    if isinstance(first, Convolution):
        height, width = first.geometry.size
        if height * width == network.n_features:
            return width, height
    side = math.isqrt(network.n_features)
    if side * side != network.n_features:
        raise VerbError(
            f"the network's {network.n_features} pixels make no square image, and it stores no "
            "size: give a folder with a sub-folder per class, or events."
        )
    return side, side


def read_events(network: Network, path: str) -> Selection:
    """Return images from a file of events, or standard input for -; ignore unconnected inputs.

    A label is the number of a class, or its name. Raises `DataError` with the line number, and
    `OSError` as `reading` does.
    """
    from firstspike.golden.data.dataset import is_number
    from firstspike.golden.data.events import event_lines, is_integer, ticks_of

    last = network.shape[-1] - 1
    names = network.classes or tuple(map(str, range(last + 1)))
    numbered = any(map(is_number, names))

    def label_of(label: Any) -> int:
        if (isinstance(label, str) or is_integer(label)) and str(label) in names:
            return names.index(str(label))
        if numbered or not is_integer(label) or not 0 <= label <= last:
            known = f"from 0 to {last}"
            if network.classes:
                known = f"of {', '.join(names):.200}" + f", or {known}" * (not numbered)
            raise DataError(f"the label {json.dumps(label):.40} is no class {known}.")
        return label

    name: str = path
    source: str | int = path
    if path == STANDARD_INPUT:
        name, source = "standard input", 0
    ticks: list[np.ndarray] = []
    labels: list[int | None] = []
    with reading(source, MOST_TEXT) as file:
        lines = event_lines(file, name, network.deadline, network.n_inputs, label_of)
        for _, events, label in lines:
            if (len(ticks) + 1) * len(network.inputs) * 4 > MOST_BYTES:
                raise VerbError(
                    f"{name} has more than {len(ticks)} images of {len(network.inputs)} inputs, "
                    "the most that are taken at once: give them in several files."
                )
            ticks.append(ticks_of(events, network.n_inputs)[network.inputs])
            labels.append(label)
    description = f"{len(ticks)} images of {printable(name)}"
    return Selection(np.stack(ticks), labels, None, description, np.arange(len(ticks)))
