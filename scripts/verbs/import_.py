# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike import`: reads a network from a NIR graph, exported or with real weights."""

from typing import Any

import click
import numpy as np

from firstspike.golden import Network
from firstspike.golden.data.sets import DATASETS
from firstspike.golden.data.split import some_of
from firstspike.golden.encodings.registry import forms
from firstspike.golden.foreign.fields import Fields
from firstspike.golden.frameworks.nir.graph import Graph
from firstspike.golden.frameworks.nir.importing import (
    metadata_of,
    network_of,
    template_of,
)
from firstspike.golden.frameworks.nir.reader_process import read
from firstspike.golden.frameworks.nir.real_weights import real_layers
from firstspike.golden.frameworks.nir.rounding import (
    DEFAULT_BITS,
    Calibrated,
    plain_template,
    rounded_network,
)
from firstspike.golden.frameworks.nir.verdicts import IMPOSSIBLE, Verdict, verdicts
from firstspike.golden.system.files import replacing
from firstspike.golden.system.specification import Changes
from firstspike.golden.training.prepared import fitted_template
from firstspike.golden.training.specification import Training
from firstspike.scripts.datasets import (
    Data,
    check_options,
    columns_of,
    data_option,
    dataset_options,
    training_data,
)
from firstspike.scripts.options import network_option, number_option, taken
from firstspike.scripts.output import command_line, given, json_option, json_result, say, table
from firstspike.scripts.paths import InputPath, Verb
from firstspike.scripts.selection import ALL, WHICH, images_option

DEFAULT_SAMPLES = 1000

_INPUTS = ("unit", "deadline", "encoding", "late", "complement", "constant")
"""Options of the inputs, which exported graphs contain as metadata."""


@click.command(cls=Verb)
@click.argument("graph_file", metavar="NET.nir", type=InputPath(dir_okay=False))
@number_option(
    "--weight-bits",
    "bits",
    type=click.IntRange(2, 8),
    metavar="BITS",
    help="Round real weights to BITS bits.  "
    f"[default: {DEFAULT_BITS}; none for a graph of ours, whose weights are integers]",
)
@number_option("--unit", default=16, help="Make one unit of z this many ticks; z = 1 is t = 0.")
@number_option("--deadline", help="Last tick of an image.  [default: 6 units]")
@click.option(
    "--encoding",
    metavar="NAME",
    default="binary",
    help=f"Encoding of the samples: {forms()}.",
)
@click.option(
    "--late",
    type=click.IntRange(min=-1),
    metavar="TICK",
    default=-1,
    help="Tick at which dark inputs spike; -1 for never.",
)
@click.option(
    "--complement",
    is_flag=True,
    help="Take the second half of the inputs as complements of the first.",
)
@click.option("--constant", is_flag=True, help="Let the last input spike in every image, at z = 1.")
@dataset_options(None, "Choose the rounding by the training samples of this data set")
@images_option(help=f"Take N training samples: {WHICH}.  [default: {DEFAULT_SAMPLES}]")
@data_option
@click.option(
    "--verdicts",
    "verdicts_only",
    is_flag=True,
    help="Say of each node whether it stays the same, becomes approximate or is not possible, and "
    "write no network.",
)
@network_option(required=False)
@json_option
def command(
    graph_file: str,
    bits: int | None,
    images: int | None,
    verdicts_only: bool,
    output: str | None,
    json_path: str | None,
    **options: Any,
) -> int | None:
    """Read a network from a NIR graph and write it to NET.

    A graph that `firstspike export` wrote, in any form, gives its network back bit for bit; its
    weights are those of the graph's nodes. A graph of others is a chain of Linear, LI with tau 1
    and IF for each layer, whose real weights are rounded; Conv1d or Conv2d may stand for Linear.
    With a data set the thresholds are chosen by samples, else by the squared error of the weights.
    Anything else is refused. With --verdicts the exit status is 1 if a node is not possible.

    Example: firstspike import trained.nir --encoding levels-4 --dataset mnist -o trained.npz
    """
    graph = read(graph_file)
    said = metadata_of(graph)
    rounds = said is None or bits is not None
    if verdicts_only:
        return _say_verdicts(verdicts(graph, ours=not rounds), json_path)
    if output is None:
        raise click.UsageError("Missing option '-o' / '--output'.")
    if said is not None:
        for name in _INPUTS:
            if given(name):
                raise click.UsageError(f"The graph's metadata say it: leave --{name} out.")
    data = taken(Data, options)
    if not rounds and data.dataset:
        raise click.UsageError(
            "The graph's weights are integers: --dataset goes with --weight-bits."
        )
    check_options(data)
    if images and not data.dataset:
        raise click.UsageError("--images are of a data set: give --dataset.")
    with json_result(json_path) as write, replacing(output) as file:
        calibrated = None
        if rounds:
            made = {"command": command_line()}
            asked = Changes(Training, weight_bits=bits or DEFAULT_BITS, **options)
            network, calibrated = _rounded(graph, said, data, images, asked, made)
        else:
            network = network_of(graph)
        network.save(file)
        say(_report(output, network, calibrated))
        write(
            {
                "network": output,
                "digest": network.digest(),
                "shape": list(network.shape),
                "thresholds": list(network.thresholds),
                "rounded": rounds,
                "samples": None if calibrated is None else vars(calibrated),
            }
        )
    return None


def _say_verdicts(found: list[Verdict], json_path: str | None) -> int:
    """Print the verdicts, and return the exit status."""
    with json_result(json_path) as write:
        say(table([(one.name, one.kind, one.verdict, one.why) for one in found], str.ljust))
        write({"nodes": [vars(one) for one in found]})
    return int(any(one.verdict == IMPOSSIBLE for one in found))


def _rounded(
    graph: Graph,
    said: Fields | None,
    data: Data,
    images: int | None,
    asked: Changes[Training],
    made: dict[str, Any],
) -> tuple[Network, Calibrated | None]:
    layers, bits = real_layers(graph), asked["weight_bits"]
    n_out = layers[-1].kind.n_out
    about = {name: asked[name] for name in ("unit", "encoding", "late")}
    about["deadline"] = asked["deadline"] or 6 * asked["unit"]
    further = {name: asked[name] for name in ("complement", "constant")}
    template = None if said is None else template_of(said, n_out)
    samples: dict[str, np.ndarray] = {}
    named: dict[str, Any] = {"meta": made}
    if data.dataset:
        found = training_data(data, template)
        there = len(found.x_train)
        count = there if images == ALL else images or DEFAULT_SAMPLES
        own = data.dataset not in DATASETS
        chosen = some_of(there, count) if own else np.arange(min(count, there))
        samples = {"samples": found.x_train[chosen], "labels": found.y_train[chosen]}
        if found.ticks and about["encoding"] != "ticks" and template is None:
            raise click.UsageError(f"{data.dataset} holds events: give --encoding ticks.")
        if found.sound is not None and template is None:
            raise click.UsageError(f"{data.dataset} holds sound: such networks are not imported.")
        if template is None:
            template = fitted_template(found.x_train, found.features, **about, **further)
        named["meta"] = made | {"dataset": data.dataset} | columns_of(data, template)
        if len(found.classes) == n_out:
            named["classes"] = found.classes
    elif any(further.values()):
        raise click.UsageError("--complement and --constant are of samples: give --dataset.")
    if template is None:
        template = plain_template(layers[0].kind.n_in, bits, **about)
    return rounded_network(layers, template, bits, **samples, **named)


def _report(output: str, network: Network, calibrated: Calibrated | None) -> str:
    rows: list[tuple[str, object]] = [
        ("network", output),
        ("shape", "-".join(map(str, network.shape))),
        ("weight bits", ", ".join(map(str, network.weight_bits))),
        ("thresholds", ", ".join(map(str, network.thresholds))),
        ("digest", network.digest()),
    ]
    if calibrated is not None:
        rows += [
            ("samples the thresholds were chosen by", calibrated.samples),
            ("accuracy on them with real weights", f"{calibrated.real:.2%}"),
            ("accuracy on them of the network", f"{calibrated.integer:.2%}"),
        ]
    return table(rows, str.ljust)
