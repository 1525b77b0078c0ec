# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike plot`: draws the spikes of one image or photo, and histograms over many."""

from pathlib import Path

import click

from firstspike.golden import encode, infer, load_network
from firstspike.golden.foreign.printable import printable
from firstspike.scripts.datasets import dataset_option
from firstspike.scripts.errors import VerbError
from firstspike.scripts.inputs import InputCommand, Kind, input_option, kind_of
from firstspike.scripts.output import drawing, on_command_line, picture_option, say
from firstspike.scripts.paths import NetworkName
from firstspike.scripts.picture_view import describe_photos, photo_sentence
from firstspike.scripts.selection import WHICH, images_option, loaded_images, read_pictures


@click.command(cls=InputCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@input_option(
    help="Draw this photo (PNG, JPEG or WebP), or a sample of this data set (.csv, .npz, .jsonl, a "
    "folder).",
)
@dataset_option()
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
def command(
    net: str,
    dataset: str | None,
    input_files: tuple[str, ...],
    at: int,
    images: int | None,
    path: str,
) -> None:
    """Draw the spikes of NET for a test image, or for your own photo.

    The picture shows the input, hidden and output spikes with the decision marked, the membranes
    M(z) of the outputs, and the image as NET receives it. If the first layer convolves, its maps
    show when each neuron spiked. With --images the picture also has histograms of decision time and
    of spikes until the decision.

    Example: firstspike plot mnist-8bit --number 3 --images 1000 -o digit.png
    """
    network = load_network(net)
    label = samples = pictures = photos = None
    if input_files and kind_of(input_files) is Kind.PHOTOS:
        if len(input_files) > 1:
            raise click.UsageError(f"--input has {len(input_files)} photos: give the one to draw.")
        if on_command_line("dataset", "at", "images"):
            raise click.UsageError("--number and --images go with a data set, not with a photo.")
        pictures, photos = read_pictures(network, input_files)
        sample, title = pictures[0], printable(Path(input_files[0]).name)
    else:
        test_images = loaded_images(network, dataset, input_files)
        noun = test_images.noun.removesuffix("s")
        if at >= len(test_images.samples):
            raise VerbError(
                f"{test_images.name} has {len(test_images.samples)} {test_images.noun}, counted "
                f"from 0: there is no {noun} {at}."
            )
        sample, label = test_images.samples[at], test_images.labels[at]
        title = f"{noun} {at} of {printable(Path(test_images.name).name)}"
        samples = test_images.take(images).samples if images else None
    from firstspike.scripts.figures import picture  # matplotlib is a slow import

    with drawing(path) as draw:
        many = None if samples is None else infer(network, encode(network, samples))
        draw(picture(network, sample, label, title, many))
    if photos is not None:
        (photo,) = describe_photos(network, input_files, photos, encode(network, pictures))
        say(photo_sentence(photo))
    say(f"wrote {printable(path)}")
