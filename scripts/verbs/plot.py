"""`firstspike plot`: a picture of the spikes of one image, and histograms over many."""

from pathlib import Path

import click

from firstspike.golden import encode, infer, load_network
from firstspike.golden.data.sets import DATASETS
from firstspike.golden.files import naming, replacing
from firstspike.scripts.output import say
from firstspike.scripts.selection import SelectionError, dataset_images


@click.command()
@click.argument("net", default="mnist-8bit", metavar="[NET]")
@click.option(
    "--dataset", type=click.Choice(DATASETS), default="mnist", show_default=True, help="Test set."
)
@click.option(
    "--image",
    "at",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="K",
    help="Draw test image K, counted from 0.",
)
@click.option(
    "--images",
    "n_images",
    type=click.IntRange(min=1),
    metavar="N",
    help="Add histograms over the first N test images.",
)
@click.option(
    "--output",
    "-o",
    "path",
    type=click.Path(dir_okay=False),
    required=True,
    metavar="FILE",
    help="The picture: .png, .svg or .pdf.",
)
def command(net: str, dataset: str, at: int, n_images: int | None, path: str) -> None:
    """Draw what NET does with a test image.

    Shows the input, hidden and output spikes with the decision marked, the membranes M(z) of the
    outputs, and the image; with --images also histograms of decision time and of spikes until the
    decision.

    Example: firstspike plot mnist-8bit --image 3 --images 1000 -o digit.png
    """
    if Path(path).suffix not in {".png", ".svg", ".pdf"}:
        raise click.BadParameter(f"{path} does not end in .png, .svg or .pdf.", param_hint="-o")
    network = load_network(net)
    pixels, labels = dataset_images(network, dataset)
    if max(at + 1, n_images or 0) > len(pixels):
        raise SelectionError(f"{dataset} has {len(pixels)} test images, counted from 0.")
    from firstspike.scripts.figures import picture  # matplotlib takes a while to import

    with replacing(path) as file:
        many = infer(network, encode(network, pixels[:n_images])) if n_images else None
        title = f"test image {at} of {dataset}"
        figure = picture(network, pixels[at], int(labels[at]), title, many)
        with naming(file):
            figure.savefig(file, dpi=120)
    say(f"wrote {path}")
