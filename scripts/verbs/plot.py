# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike plot`: draws the spikes of one image or photo, and histograms over many."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from firstspike.golden import encode, infer, load_network
from firstspike.golden.foreign.printable import printable
from firstspike.scripts.datasets import Data, check_options, dataset_options
from firstspike.scripts.errors import VerbError
from firstspike.scripts.options import taken
from firstspike.scripts.output import drawing, given, picture_option, say
from firstspike.scripts.paths import NetworkName
from firstspike.scripts.picture_view import describe_photos, photo_sentence
from firstspike.scripts.selection import (
    WHICH,
    SelectionCommand,
    image_option,
    images_option,
    loaded_images,
    raw_option,
    read_pictures,
)


@click.command(cls=SelectionCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@image_option(
    help="Draw one photo of a digit, and give one file: PNG, JPEG or WebP. A network that was not "
    "trained on digits takes it as with --raw.",
)
@raw_option
@dataset_options(whose="Take the test images of this data set")
@click.option(
    "--number",
    "at",
    type=click.IntRange(min=0),
    default=0,
    metavar="K",
    help="Draw test image K, counted from 0.",
)
@images_option(help=f"Add histograms over N test images: {WHICH}.")
@picture_option(
    "-o",
    "--output",
    "path",
    required=True,
    help="Write the picture to this file: .png, .svg or .pdf.",
)
def command(net: str, at: int, images: int | None, path: str, **options: Any) -> None:
    """Draw the spikes of NET for a test image, or for your own photo.

    The picture shows the input, hidden and output spikes with the decision marked, the membranes
    M(z) of the outputs, and the image as NET receives it. If the first layer convolves, its maps
    show when each neuron spiked. With --images the picture also has histograms of decision time and
    of spikes until the decision.

    Example: firstspike plot mnist-8bit --number 3 --images 1000 -o digit.png
    """
    network = load_network(net)
    files, data = options["image_files"], taken(Data, options)
    if len(files) > 1:
        raise click.UsageError(f"--image has {len(files)} photos: give the one to draw.")
    if files:
        if given("dataset", "at", "images"):
            raise click.UsageError("Give a test image (--dataset, --number, --images) or --image.")
        check_options(replace(data, dataset=None))
    pictures, photos = read_pictures(network, options)
    label = some = None
    if pictures is not None:
        sample, title = pictures[0], printable(Path(files[0]).name)
    else:
        there = loaded_images(network, data)
        if at >= len(there.samples):
            raise VerbError(
                f"{there.name} has {len(there.samples)} test images, counted from 0: there is no "
                f"image {at}."
            )
        sample, label = there.samples[at], there.labels[at]
        title = f"{at} of {printable(Path(data.dataset or '').name)}"
        some = there.take(images).samples if images else None
    from firstspike.scripts.figures import is_series, picture  # matplotlib is a slow import

    if pictures is None:
        kind = "series" if is_series(network, sample) else "image"
        title = f"test {kind} {title}"
    with drawing(path) as draw:
        many = None if some is None else infer(network, encode(network, some))
        draw(picture(network, sample, label, title, many))
    if photos is not None:
        (found,) = describe_photos(network, files, photos, encode(network, pictures))
        say(photo_sentence(found))
    say(f"wrote {printable(path)}")
