# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike page`: writes a web page for drawing digits and watching the spikes of a network."""

from pathlib import Path

import click

from firstspike.golden import Network, load_network
from firstspike.golden.data.sets import SOUNDS, candidate_paths
from firstspike.golden.data.typical_digits import takes_digits
from firstspike.golden.foreign.printable import printable
from firstspike.golden.system.files import replace_file
from firstspike.scripts.datasets import dataset_option
from firstspike.scripts.errors import VerbError
from firstspike.scripts.inputs import samples_option
from firstspike.scripts.output import say
from firstspike.scripts.paths import PAGE, NetworkName, Output, Verb
from firstspike.scripts.selection import ALL, WHICH, ImageCount, images_option, loaded_images

MOST_SAMPLES = 10_000
"""Largest number of samples of a page, which holds golden results for each: the MNIST test set."""


def _usual_dataset(network: Network) -> str | None:
    """Return the named data set on which a network was trained, None for a user's.

    Recordings are not downloaded for a page, which does not need them.
    """
    if takes_digits(network):
        return "mnist"
    named = network.meta.get("dataset")
    if network.sound is None or named not in SOUNDS:
        return None
    return named if any(path.exists() for path in candidate_paths(named)) else None


@click.command(cls=Verb)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@dataset_option(None, "Hold test images of this data set as samples")
@samples_option
@images_option(type=ImageCount(1, MOST_SAMPLES), default=100, help=f"Hold N test images: {WHICH}.")
@click.option(
    "-o",
    "--output",
    metavar="FILE.html",
    required=True,
    type=Output(dir_okay=False, begins=PAGE),
    help="Write the page to this file.",
)
def command(
    net: str, dataset: str | None, input_files: tuple[str, ...], images: int, output: str
) -> None:
    """Write a page for the browser, on which NET classifies drawings and shows its spikes.

    The page is one file, which needs no server and no network: open it in a browser. For tables it
    has sliders and lists, and for time series and events it has samples to choose from. For a
    network of sound it opens recordings or, if the browser allows it, uses the microphone. If the
    first layer convolves, its maps show when each neuron spikes. The page contains the results of
    the golden model for its samples, and compares its own results with them at a click.

    Example: firstspike page mnist-4bit -o page.html
    """
    from .content import content, random_samples
    from .page_file import page

    network = load_network(net)
    if not input_files:
        dataset = dataset or _usual_dataset(network)
    shown = bool(dataset or input_files)
    if shown:
        chosen = loaded_images(network, dataset, input_files).take(images, at_most=True)
        samples, labels, source = chosen.samples, chosen.labels, chosen.source
        if len(samples) > MOST_SAMPLES:
            raise VerbError(
                f"there are {len(samples)} {chosen.noun}, and a page holds at most {MOST_SAMPLES}: "
                "give fewer by --images N."
            )
    elif images == ALL:
        raise VerbError("random samples have no end: give --images N, or a data set by --dataset.")
    else:
        samples, labels = random_samples(network, images), []
        source = f"{images} random samples"
    title = f"{printable(Path(net).stem)} ({'-'.join(map(str, network.shape))})"
    text = page(content(network, title, samples, labels, shown)).encode()
    replace_file(output, text)
    say(f"wrote {printable(output)}, which checks itself by {source}")
