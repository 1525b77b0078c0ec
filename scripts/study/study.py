# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike study`: measures the accuracy with early deadlines, noise and dead neurons."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click
import numpy as np

from firstspike.golden import Network, Results, encode, infer, load_network
from firstspike.golden.faults import decide_by, flip, jitter, kill
from firstspike.golden.foreign.printable import printable
from firstspike.scripts.datasets import dataset_option
from firstspike.scripts.errors import VerbError
from firstspike.scripts.inputs import samples_option
from firstspike.scripts.metrics import operations
from firstspike.scripts.output import drawing, json_option, json_result, picture_option, say, table
from firstspike.scripts.paths import NetworkName, Verb
from firstspike.scripts.selection import WHICH, images_option, loaded_images

FLIPS = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15)
JITTERS = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
DEAD = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
DEADLINES = 12
SEED = 1
"""Seed of the noise."""

HARDSHIPS = {
    "deadline": "deadline, z",
    "flips": "inverted pixels",
    "jitter": "jitter of the input spikes, +- z",
    "dead": "dead hidden neurons",
}
"""Names of the curves, and the meaning of their values."""

Curve = dict[str, list[float]]
"""`values` of the disturbance and the `accuracy` for each."""


@click.command(cls=Verb)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@dataset_option()
@samples_option
@images_option(help=f"Take N test images: {WHICH}.  [default: all]")
@picture_option("-o", "--output", "path", help="Draw the curves: .png, .svg or .pdf.")
@json_option
def command(
    net: str,
    dataset: str | None,
    input_files: tuple[str, ...],
    images: int | None,
    path: str | None,
    json_path: str | None,
) -> None:
    """Measure the accuracy of NET against hardships, and its synaptic operations.

    The command measures the accuracy of the integer model under four hardships: a decision forced
    at an early deadline; inverted pixels; input spikes that come up to some time too early or too
    late; and dead hidden neurons, or whole dead filters of layers that convolve.

    Example: firstspike study mnist-8bit --images 2000 -o study.png
    """
    network = load_network(net)
    if network.n_layers == 1 or network.max_spikes > 1:
        raise VerbError("a study takes networks with hidden neurons that spike once.")
    chosen = loaded_images(network, dataset, input_files).take(images)
    samples, labels = chosen.samples, chosen.labels
    if None in labels:
        raise VerbError("a study needs labels: give samples with a column of classes.")
    rng = np.random.default_rng(SEED)
    with json_result(json_path) as write, drawing(path) as draw:
        run = infer(network, encode(network, samples))
        result: dict[str, Any] = {
            "count": len(samples),
            "operations": operations(network, run),
            "curves": dict(curves(network, samples, np.array(labels), run, rng)),
        }
        say(report(net, network, result))
        if path is not None:
            from .figure import draw_curves  # matplotlib is a slow import

            draw(draw_curves(result["curves"], hardships(network), printable(net)))
        write(result)


def curves(
    network: Network,
    samples: np.ndarray,
    labels: np.ndarray,
    run: Results,
    rng: np.random.Generator,
) -> Iterator[tuple[str, Curve]]:
    """Yield the accuracy along each of `HARDSHIPS`; only pixels are inverted.

    `samples`: [n, ...]; `labels`: [n]; `run`: their undisturbed inference.
    """
    ticks = encode(network, samples)

    def curve(values: Sequence[Any], decide: Callable[[Any], np.ndarray], unit: int = 1) -> Curve:
        accuracy = [float(np.mean(decide(value) == labels)) for value in values]
        return {"values": [value / unit for value in values], "accuracy": accuracy}

    def decided(network: Network, ticks: np.ndarray) -> np.ndarray:
        return infer(network, ticks).decision

    unit = network.unit
    deadlines = sorted({*np.linspace(unit, run.tick.max(), DEADLINES).astype(int).tolist()})
    moves = sorted({round(part * unit) for part in JITTERS})
    yield "deadline", curve(deadlines, lambda tick: decide_by(network, run, tick), unit)
    if samples.dtype == np.uint8:
        yield (
            "flips",
            curve(FLIPS, lambda f: decided(network, encode(network, flip(samples, f, rng)))),
        )
    yield "jitter", curve(moves, lambda m: decided(network, jitter(network, ticks, m, rng)), unit)
    yield "dead", curve(DEAD, lambda f: decided(kill(network, f, rng), ticks))


def hardships(network: Network) -> dict[str, str]:
    """Return the names of a network's curves, and the meaning of their values."""
    filters = {"dead": "dead filters and dense neurons"} if network.geometry else {}
    return HARDSHIPS | filters


def report(net: str, network: Network, result: dict[str, Any]) -> str:
    """Return the result as text."""
    mean, dense = result["operations"].values()
    without = (
        "network of the shape without spikes" if network.geometry else "dense network of the shape"
    )
    parts = [
        f"{printable(net)}, {result['count']} images: {mean:.0f} synaptic operations an image "
        f"until the decision, where a {without} takes {dense}"
    ]
    named = hardships(network)
    for name, curve in result["curves"].items():
        parts.append(
            table(
                [
                    (named[name], *(f"{value:.3g}" for value in curve["values"])),
                    ("accuracy, %", *(f"{100 * value:.2f}" for value in curve["accuracy"])),
                ]
            )
        )
    return "\n\n".join(parts)
