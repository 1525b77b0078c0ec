# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike plot`: a picture of the spikes of one image, and histograms over many."""

from pathlib import Path
from typing import Any

import click

from firstspike.golden import encode, infer, load_network
from firstspike.golden.foreign.printable import printable
from firstspike.scripts.datasets import dataset_options
from firstspike.scripts.errors import VerbError
from firstspike.scripts.output import drawing, picture_option, say
from firstspike.scripts.places import NetworkName, Verb
from firstspike.scripts.selection import WHICH, images_option, loaded_images


@click.command(cls=Verb)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
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
    """Draw what NET does with a test image.

    Shows the input, hidden and output spikes with the decision marked, the membranes M(z) of the
    outputs, and the image. If the first layer convolves, its maps show when each neuron spiked.
    With --images there are also histograms of decision time and of spikes until the decision.

    Example: firstspike plot mnist-8bit --number 3 --images 1000 -o digit.png
    """
    network = load_network(net)
    there = loaded_images(network, options)
    if at >= len(there.samples):
        raise VerbError(
            f"{there.name} has {len(there.samples)} test images, counted from 0: there is no "
            f"image {at}."
        )
    some = there.some(images).samples if images else None
    from firstspike.scripts.figures import picture  # matplotlib takes a while to import

    with drawing(path) as draw:
        many = None if some is None else infer(network, encode(network, some))
        title = f"test image {at} of {printable(Path(options['dataset']).name)}"
        draw(picture(network, there.samples[at], there.labels[at], title, many))
    say(f"wrote {printable(path)}")
