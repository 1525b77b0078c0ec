"""Which images a verb works on: a data set, a file of events, or PNG files."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import click
import numpy as np
from PIL import Image

from firstspike.golden import Network, bundled_test_set, encode, load_dataset
from firstspike.golden.data.sets import DATASETS, PIXELS

from .errors import VerbError
from .options import dataset_option, number_option

DEFAULT_IMAGES = 100


@dataclass(frozen=True)
class Selection:
    """Images as the network takes them."""

    ticks: np.ndarray
    """int32 [n, n_rows], the spike tick of every connected input, 0 for silent."""
    labels: Sequence[int | None]
    """Class of each image, None if unknown."""
    pixels: np.ndarray | None
    """uint8 [n, n_inputs], or None for images given as events."""
    source: str
    """Where the images are from, for people."""


class SelectionCommand(click.Command):
    """A command whose --image takes several files: `--image 1.png 2.png` as a shell expands it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put --image before each further PNG file."""
        words: list[str] = []
        listing = False
        for word in args:
            if listing and word.lower().endswith(".png"):
                words.append("--image")
            else:
                listing = words[-1:] == ["--image"] or word.startswith("--image=")
            words.append(word)
        return super().parse_args(ctx, words)


def selection_options(command: Callable) -> Callable:
    """Add the options that `select` looks at."""
    for option in (
        click.option(
            "--image",
            "image_files",
            multiple=True,
            type=click.Path(exists=True, dir_okay=False),
            metavar="FILE.png ...",
            help="Grey images, bright on dark, of the network's size.",
        ),
        click.option(
            "--events",
            "events_file",
            type=click.File("rb"),
            metavar="FILE",
            help='One image a line: {"events": [[tick, input], ...], "label": 3}.',
        ),
        number_option(
            "--images",
            help=f"Take the first N test images of the data set.  [default: {DEFAULT_IMAGES}]",
        ),
        dataset_option(default=None, help="Take test images of a data set.  [default: mnist]"),
    ):
        command = option(command)
    return command


def select(network: Network, options: Mapping[str, Any]) -> Selection:
    """The images that the options of a verb name; without any, the first test images of MNIST.

    Where the core takes pixels (--bitmap) events will not do. Raises `VerbError` for images
    that do not fit the network, click.UsageError if the options contradict each other.
    """
    dataset, n, events_file, image_files = (
        options[name] for name in ("dataset", "images", "events_file", "image_files")
    )
    if sum(map(bool, (dataset or n, events_file, image_files))) > 1:
        raise click.UsageError("Give a data set (--dataset, --images), --events or --image.")
    if events_file:
        if options["bitmap"]:
            raise click.UsageError("Events are no pixels: --bitmap goes with --dataset or --image.")
        return read_events(network, events_file)
    labels: Sequence[int | None]
    if image_files:
        pixels = np.stack([read_image(network, file) for file in image_files])
        labels, source = [None] * len(pixels), f"{len(pixels)} image files"
    else:
        dataset, n = dataset or DATASETS[0], n or DEFAULT_IMAGES
        instead = ": select images by --events or --image"
        pixels, called = first_images(network, dataset, n, instead)
        labels, source = called.tolist(), f"the first {n} test images of {dataset}"
    return Selection(encode(network, pixels), labels, pixels, source)


def first_images(
    network: Network,
    dataset: str,
    n: int | None,
    instead: str = ": give a network with as many inputs",
) -> tuple[np.ndarray, np.ndarray]:
    """The first n test images uint8 [n, n_inputs] of a data set, None for all, and labels [n].

    The binarised copy that comes with the package is taken for MNIST where the network sees no
    difference. `instead` ends the sentence of what does not fit: what else the verb can do.
    """
    if network.n_inputs != PIXELS:
        raise VerbError(
            f"the images of {dataset} have {PIXELS} pixels, this network takes "
            f"{network.n_inputs}{instead}."
        )
    if dataset == "mnist" and network.levels == 2:
        pixels, labels = bundled_test_set()
    else:
        images = load_dataset(dataset)
        pixels, labels = images.test_images, images.test_labels
    if (n or 0) > len(pixels):
        raise VerbError(f"{dataset} has {len(pixels)} test images, counted from 0.")
    return pixels[:n], labels[:n]


def read_image(network: Network, file: str) -> np.ndarray:
    """Pixels uint8 [n_inputs] of a grey PNG file of the network's size, bright on dark."""
    side = math.isqrt(network.n_inputs)
    if side * side != network.n_inputs:
        raise VerbError(
            f"the network's {network.n_inputs} inputs make no square image: use --events."
        )
    try:
        with Image.open(file, formats=["PNG"]) as image:
            size, mode = image.size, image.mode
            pixels = np.asarray(image.convert("RGBA")) if size == (side, side) else None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise VerbError(f"{file} is no readable PNG file.") from None
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


def read_events(network: Network, file: BinaryIO) -> Selection:
    """Images of a file with one JSON object a line, {"events": [[tick, input], ...], "label": 3}.

    The label may be missing; blank lines are skipped. Inputs count from 0, unconnected ones
    included, whose events are ignored. Raises `VerbError` with the line number.
    """
    ticks, labels = [], []
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                image = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (ValueError, RecursionError):
                raise VerbError(f"{file.name}, line {number}: this is not JSON.") from None
            try:
                ticks.append(_image_ticks(network, image))
                labels.append(_label(network, image))
            except VerbError as error:
                raise VerbError(f"{file.name}, line {number}: {error}") from None
    if not ticks:
        raise VerbError(f"{file.name} holds no image: give one JSON object a line.")
    return Selection(np.stack(ticks), labels, None, f"{len(ticks)} images of {file.name}")


def _image_ticks(network: Network, image: Any) -> np.ndarray:
    """Ticks int32 [n_rows] of one image's events, all checked."""
    if not isinstance(image, dict) or not isinstance(image.get("events"), list):
        raise VerbError('this is no object {"events": [[tick, input], ...]}.')
    ticks = np.zeros(network.n_inputs, np.int32)
    before = 0
    for event in image["events"]:
        shown = f"the event {json.dumps(event):.40}"
        if not isinstance(event, list) or len(event) != 2 or not all(map(_is_integer, event)):
            raise VerbError(f"{shown} is no pair of integers, [tick, input].")
        tick, address = event
        if not 1 <= tick <= network.deadline:
            raise VerbError(f"{shown} has no tick from 1 to the deadline, {network.deadline}.")
        if not 0 <= address < network.n_inputs:
            raise VerbError(f"{shown} has no input from 0 to {network.n_inputs - 1}.")
        if tick < before:
            raise VerbError(f"{shown} follows one at tick {before}: sort the events by tick.")
        if ticks[address]:
            raise VerbError(f"{shown} repeats an input: each spikes once an image.")
        ticks[address] = before = tick
    return ticks[network.inputs]


def _label(network: Network, image: dict[str, Any]) -> int | None:
    label, classes = image.get("label"), network.shape[-1]
    if label is not None and not (_is_integer(label) and 0 <= label < classes):
        raise VerbError(f"the label {json.dumps(label):.40} is no class from 0 to {classes - 1}.")
    return label


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
