# SPDX-License-Identifier: BSD-2-Clause
"""Finds the images for a verb: in a data set, a file of events, or pictures."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from firstspike.golden import DataError, Network, bundled_test_set, encode
from firstspike.golden.data.dataset import MOST_TEXT, widened
from firstspike.golden.data.images import PHOTO_FORMATS, PHOTO_SUFFIXES, opened
from firstspike.golden.data.sets import DATASETS
from firstspike.golden.data.split import SplitError, some_of
from firstspike.golden.data.usual import takes_digits
from firstspike.golden.data.wav import SUFFIXES as SOUND_SUFFIXES
from firstspike.golden.encoding import bitmap_pixels
from firstspike.golden.encodings.samples import SampleKind
from firstspike.golden.foreign.printable import printable
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.system.files import reading

from .datasets import Data, check_named, check_options, dataset_options, front_end, loaded
from .errors import VerbError
from .options import several, taken
from .output import MOST_NAME, counted, note
from .paths import InputFile, InputPath, Verb

if TYPE_CHECKING:
    from firstspike.golden.data.preparation import Prepared

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

    def __init__(self, least: int = 1, most: int | None = None) -> None:
        super().__init__(least, most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Accept `all` in addition to numbers."""
        return ALL if value == "all" else super().convert(value, param, ctx)


images_option = partial(click.option, "--images", type=ImageCount(), metavar="N|all")

STANDARD_INPUT = "-"

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
    photos: "Sequence[Prepared] | None" = None
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


_LISTS = {"--image": PHOTO_SUFFIXES, "--wav": SOUND_SUFFIXES}
"""Options that accept several files, and the suffixes of these."""


class SelectionCommand(Verb):
    """A command whose --image and --wav accept several files, as in `--image 1.png 2.jpg`.

    A shell expands patterns in this way.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the option before each further file."""
        words: list[str] = []
        listing = None
        for word in args:
            if listing and word.lower().endswith(_LISTS[listing]):
                words.append(listing)
            else:
                candidates = words[-1:] + [word.partition("=")[0]] * ("=" in word)
                listing = next((option for option in candidates if option in _LISTS), None)
            words.append(word)
        return super().parse_args(ctx, words)


image_option = partial(
    click.option,
    "--image",
    "image_files",
    multiple=True,
    type=InputPath(exists=True, dir_okay=False),
    metavar="FILE ...",
)

raw_option = click.option(
    "--raw",
    is_flag=True,
    help="Take --image as it is. It must be grey, bright on dark, and of the network's size.",
)

selection_options = several(
    image_option(
        help="Take these photos of digits: PNG, JPEG or WebP. A network that was not trained "
        "on digits takes them as with --raw.",
    ),
    raw_option,
    click.option(
        "--wav",
        "wav_files",
        multiple=True,
        type=InputPath(exists=True, dir_okay=False),
        metavar="FILE ...",
        help="Take the words in these recordings: WAV files, for a network of sound.",
    ),
    click.option(
        "--events",
        "events_file",
        type=InputFile(),
        metavar="FILE",
        help='Take the images of this file, one per line: {"events": [[tick, input], ...], '
        '"label": 3}. With - it is standard input.',
    ),
    images_option(
        help=f"Take N test images of the data set: {WHICH}.  [default: {DEFAULT_IMAGES}]",
    ),
    dataset_options(None, "Take the test images of this data set"),
)
"""Adds the options that `select` uses."""


def select(network: Network, options: Mapping[str, Any]) -> Selection:
    """Return the images that a verb's options select, by default the first test images of MNIST.

    If the core takes pixels (--bitmap), events are refused. Raises `VerbError` for images that do
    not fit the network, click.UsageError if the options contradict each other.
    """
    dataset, n, events_file, image_files, wav_files = (
        options[name] for name in ("dataset", "images", "events_file", "image_files", "wav_files")
    )
    if sum(map(bool, (dataset or n, events_file, image_files, wav_files))) > 1:
        raise click.UsageError("Give a data set (--dataset, --images), --events, --image or --wav.")
    data = taken(Data, dict(options))
    check_options(data)
    if events_file:
        if options["bitmap"]:
            raise click.UsageError("Events are no pixels: --bitmap goes with --dataset or --image.")
        return read_events(network, events_file)
    pictures, photos = read_pictures(network, options)
    words, silent = None, list[str]()
    if wav_files:
        from .recordings import read_words

        words, word_pictures, silent = read_words(network, wav_files)
        n = len(words)
        share = f"{len(wav_files) - len(silent)} of " if silent else ""
        source = f"{counted(n, 'word')} in {share}{counted(len(wav_files), 'recording')}"
        images = Images("", word_pictures, [None] * n, np.arange(n), source)
    elif pictures is not None:
        n = len(pictures)
        images = Images("", pictures, [None] * n, np.arange(n), counted(n, "photo"))
    else:
        images = loaded_images(network, replace(data, dataset=dataset or DATASETS[0]))
        images = images.take(n or DEFAULT_IMAGES, at_most=not n)
    return Selection(
        encode(network, images.samples),
        images.labels,
        bitmap_pixels(network, images.samples),
        images.source,
        images.numbers,
        images.samples if image_files or wav_files else None,
        photos,
        words,
        silent,
        image_files,
    )


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

    def take(self, n: int | None, at_most: bool = False) -> "Images":
        """Return n of all images, or all for None and ALL, selected as `WHICH` describes.

        With `at_most`, fewer images are accepted. Raises `VerbError`.
        """
        available = len(self.samples)
        n = None if n == ALL else n
        if (n or 0) > available and not at_most:
            raise VerbError(
                f"{self.name} has {available} test images: at most as many can be taken."
            )
        n = min(n or available, available)
        numbers = np.arange(n)
        if 1 < n == available:
            description = f"all {n}"
        elif self.name in DATASETS:
            description = f"the first {n}"
        else:
            description, numbers = f"{n} of {available}", some_of(available, n)
        source = f"{description} test images of {printable(self.name)}"
        labels = [self.labels[at] for at in numbers.tolist()]
        return replace(
            self, samples=self.samples[numbers], labels=labels, numbers=numbers, source=source
        )


def loaded_images(network: Network, data: Data) -> Images:
    """Return all test images of a data set.

    For MNIST, the binarised copy of the package is used if it makes no difference to the network.
    Raises `VerbError` and other FirstSpike errors.
    """
    name = data.dataset or DATASETS[0]
    check_options(data)
    if name == "mnist" and network.levels == 2:
        check_named(name, network)
        samples, called = bundled_test_set()
    else:
        with convert_errors(VerbError, "give --test-share 1 to take all samples: ", SplitError):
            images = loaded(data, network)
        samples, called = images.x_test, images.y_test
        if images.ticks:
            if network.takes is not SampleKind.TICKS:
                raise VerbError(f"{name} holds events: give them by --events to this network.")
            samples = widened(samples, network.n_inputs)
    labels = [None if label < 0 else label for label in called.tolist()]
    source = f"the test images of {printable(name)}"
    return Images(name, samples, labels, np.arange(len(samples)), source)


def read_pictures(
    network: Network, options: Mapping[str, Any]
) -> "tuple[np.ndarray | None, list[Prepared] | None]":
    """Return the pictures of --image as samples uint8 [n, n_pixels], and as `Prepared`.

    Without --image, the result is a pair of None. Pictures are prepared only for a network of
    digits and without --raw. Raises `VerbError` and other FirstSpike errors, click.UsageError for
    --raw without --image.
    """
    files = options["image_files"]
    if not files:
        if options["raw"]:
            raise click.UsageError("--raw goes with --image.")
        return None, None
    if not options["raw"] and takes_digits(network):
        from firstspike.golden.data.photos import read_photo
        from firstspike.golden.data.preparation import SIDE, prepared

        photos = [prepared(read_photo(file), SIDE) for file in files]
        return np.stack([photo.pixels.ravel() for photo in photos]), photos
    samples = np.stack([read_image(network, file) for file in files])
    if takes_digits(network) and samples.mean() > np.iinfo(samples.dtype).max / 2:
        note("These images are mostly bright: with --raw, ink is the bright part.")
    return samples, None


def read_image(network: Network, file: str) -> np.ndarray:
    """Return pixels uint8 [n_pixels] of a grey picture of the network's size, bright on dark."""
    if front_end(network) is not None:
        raise VerbError("this network takes sound, and no images: give recordings by --wav.")
    if not network.takes_pixels:
        raise VerbError("the network takes no pixels: give a data set by --dataset, or --events.")
    side = math.isqrt(network.n_features)
    if side * side != network.n_features:
        raise VerbError(
            f"the network's {network.n_features} pixels make no square image: use --events."
        )
    with opened(file, PHOTO_FORMATS) as image:
        size, mode = image.size, image.mode
        pixels = np.asarray(image.convert("RGBA")) if size == (side, side) else None
    if pixels is None:
        raise VerbError(
            f"{file} is {size[0]} x {size[1]} pixels: this network takes {side} x {side}."
        )
    grey = pixels[:, :, 0]
    if mode.startswith(("I", "F")) or np.any(pixels[:, :, :3] != grey[:, :, None]):
        raise VerbError(f"{file} is in colour or has more than 8 bits: save it as 8-bit grey.")
    if np.any(pixels[:, :, 3] != 255):
        raise VerbError(f"{file} is transparent: save it without an alpha channel.")
    return grey.ravel()


def read_events(network: Network, path: str) -> Selection:
    """Return images from a file of events, or standard input for -; ignore unconnected inputs.

    A label is the number of a class, or its name. Raises `DataError` with the line number, and
    `OSError` as `reading` does.
    """
    from firstspike.golden.data.events import event_lines, is_integer, ticks_of

    def label_of(label: Any) -> int:
        if label in network.classes:
            return network.classes.index(label)
        last = network.shape[-1] - 1
        if not is_integer(label) or not 0 <= label <= last:
            raise DataError(f"the label {json.dumps(label):.40} is no class from 0 to {last}.")
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
