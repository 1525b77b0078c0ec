# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike convert`: writes a network as a NIR graph, or a NIR graph as a network."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import numpy as np

from firstspike.golden import Network, load_network
from firstspike.golden.data.sets import DATASETS
from firstspike.golden.data.split import some_of
from firstspike.golden.encodings.registry import forms
from firstspike.golden.foreign.fields import Fields
from firstspike.golden.nir.export import form_of, graph_of, write
from firstspike.golden.nir.forms import FORMS
from firstspike.golden.nir.graph import Graph, optional
from firstspike.golden.nir.importing import metadata_of, network_of, template_of
from firstspike.golden.nir.reader_process import read
from firstspike.golden.nir.real_weights import real_layers
from firstspike.golden.nir.rounding import DEFAULT_BITS, Calibrated, rounded_network
from firstspike.golden.nir.trains import trains_of, write_trains
from firstspike.golden.nir.verdicts import IMPOSSIBLE, Verdict, verdicts
from firstspike.golden.system.files import companion_path, naming, replacing
from firstspike.golden.system.specification import Changes
from firstspike.golden.training.quantise import plain_template
from firstspike.golden.training.samples import fitted_template
from firstspike.golden.training.specification import Training
from firstspike.scripts.datasets import (
    Data,
    check_options,
    recorded,
    training_data,
)
from firstspike.scripts.inputs import InputCommand
from firstspike.scripts.nir import BEGINS
from firstspike.scripts.options import Choice, number_option, options_of, take_record
from firstspike.scripts.output import (
    command_line,
    json_option,
    json_result,
    on_command_line,
    say,
    table,
)
from firstspike.scripts.paths import NETWORK, NetworkName, Output
from firstspike.scripts.selection import ALL, ImageChoice, select, selection_options

DEFAULT_SAMPLES = 1000

SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""The first bytes of a NIR graph, an HDF5 file."""

_OF_NETWORK = ("form", "input_files")
"""Parameters that only the conversion of a network uses."""

_INPUTS = ("unit", "deadline", "encoding", "complement", "constant")
"""Options of the inputs, which exported graphs contain as metadata."""

_OF_GRAPH = ("bits", *_INPUTS, "label")
"""Parameters that only the conversion of a graph uses."""


def is_graph(name: str) -> bool:
    """Whether a name is that of a NIR graph, by its suffix or content; others are networks."""
    path = Path(name)
    if path.suffix.lower() in (".nir", ".npz") or not path.is_file():
        return path.suffix.lower() == ".nir"
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


@click.command(cls=InputCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET|NET.nir]")
@click.option(
    "--form",
    type=Choice(list(FORMS)),
    default=next(iter(FORMS)),
    help="Write the neuron in z with a step of one tick, which is exact; in time, as the published "
    "equation; or as CubaLIF, which SpikingJelly and snnTorch run.",
)
@selection_options
@options_of(Data, "label")
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
    "--complement",
    is_flag=True,
    help="Take the second half of the inputs as complements of the first.",
)
@click.option("--constant", is_flag=True, help="Let the last input spike in every image, at z = 1.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=Output(
        dir_okay=False,
        files=lambda path, _: (path, companion_path(path, ".data", ".nir")),
        begins=NETWORK + b"|" + BEGINS[".nir"],
    ),
    help="Write the graph, or the network, to this file. Without it the command says of each node "
    "of a graph whether it stays the same, becomes approximate or is not possible.",
)
@json_option
def command(
    net: str,
    output: str | None,
    json_path: str | None,
    **options: Any,
) -> int | None:
    """Write a network as a NIR graph, or a NIR graph as a network.

    The argument decides the direction. A file with the suffix .nir, or an HDF5 file, is a graph;
    any other argument is a network.

    From a network: the graph contains the whole network file, so a conversion of the graph gives
    the same network, bit for bit. If --dataset, --images or --input selects images, their spikes
    are written, too, for NET.nir to NET.data.nir: the spikes of the inputs and of the hidden
    layers, and the spike that decides.

    From a graph: a graph of FirstSpike, in any form, gives its network, with the weights of the
    nodes. A graph of another program must be a chain of Linear, LI with tau 1 and IF for each
    layer; its real weights are rounded. Conv1d or Conv2d may replace Linear. With --dataset the
    command chooses the thresholds by N training samples (--images N, default 1000), otherwise by
    the squared error of the weights. Any other graph is refused. Without -o the exit status is 1 if
    a node is not possible.

    Example: firstspike convert mnist-4bit --form cuba --images 100 -o mnist-4bit.nir
    """
    from_graph = is_graph(net)
    kinds = ("network", "NIR graph") if from_graph else ("NIR graph", "network")
    if option := _requested(_OF_NETWORK if from_graph else _OF_GRAPH):
        raise click.UsageError(f"{option} goes with a {kinds[0]}, and {net} is a {kinds[1]}.")
    if not from_graph:
        if output is None:
            raise click.UsageError("Missing option '-o' / '--output'.")
        _to_graph(net, output, json_path, options)
        return None
    graph = read(net)
    if output is None:
        return _say_verdicts(verdicts(graph, ours=_is_exact(graph, options)), json_path)
    _to_network(graph, output, json_path, options)
    return None


def _requested(names: Sequence[str]) -> str | None:
    """Return the first option of these parameters that is on the command line."""
    for one in click.get_current_context().command.params:
        if one.name in names and on_command_line(one.name):
            return one.opts[-1]
    return None


def _to_graph(net: str, output: str, json_path: str | None, options: dict[str, Any]) -> None:
    """Write a network as a graph, with the spike trains of the chosen images."""
    optional("nir")
    network, form = load_network(net), options["form"]
    graph = graph_of(network, form)
    images = None
    if (chosen := take_record(ImageChoice, options)) != ImageChoice():
        images = select(network, chosen)
    trains_path = companion_path(output, ".data", ".nir")
    with ExitStack() as stack:
        put = stack.enter_context
        write_json = put(json_result(json_path))
        file = put(replacing(output))
        with naming(output):
            write(file, graph)
        rows: list[tuple[str, object]] = [
            ("graph", output),
            ("form", form),
            ("nodes", ", ".join(graph.nodes)),
            ("digest of the network", network.digest()),
        ]
        if images is not None:
            data_file = put(replacing(trains_path))
            with naming(trains_path):
                write_trains(data_file, trains_of(network, images.ticks, form))
            rows.append(("spike trains", f"{trains_path}, {images.source}"))
        say(table(rows, str.ljust))
        write_json(
            {
                "graph": output,
                "form": form,
                "nodes": list(graph.nodes),
                "digest": network.digest(),
                "data": None if images is None else str(trains_path),
            }
        )


def _is_exact(graph: Graph, options: Mapping[str, Any]) -> bool:
    """Whether the weights are integers of FirstSpike, which are not rounded.

    Raises click.UsageError for --weight-bits if the form stores integers.
    """
    metadata = metadata_of(graph)
    if metadata is None or options["bits"] is None:
        return metadata is not None
    form = form_of(metadata.take("form", str)).name
    if form != "time":
        raise click.UsageError(
            f"The weights of form {form} are integers, and only real weights of form time can be "
            "rounded anew: leave --weight-bits out, or write the network with --form time."
        )
    return False


def _to_network(
    graph: Graph, output: str, json_path: str | None, options: Mapping[str, Any]
) -> None:
    """Write a graph as a network, whose weights are rounded if they are real numbers."""
    metadata, images = metadata_of(graph), options["images"]
    if metadata is not None and (option := _requested(_INPUTS)):
        raise click.UsageError(f"The graph's metadata say it: leave {option} out.")
    exact, data = _is_exact(graph, options), take_record(Data, dict(options))
    if exact and data.dataset:
        raise click.UsageError(
            "The graph's weights are integers: --dataset goes with --weight-bits."
        )
    check_options(data)
    if images and not data.dataset:
        raise click.UsageError("--images are of a data set: give --dataset.")
    with json_result(json_path) as write_json, replacing(output) as file:
        calibrated = None
        if exact:
            network = network_of(graph)
        else:
            about = {name: options[name] for name in _INPUTS}
            changes = Changes(Training, weight_bits=options["bits"] or DEFAULT_BITS, **about)
            meta = {"command": command_line()}
            network, calibrated = _rounded(graph, metadata, data, images, changes, meta)
        network.save(file)
        say(_report(output, network, calibrated))
        write_json(
            {
                "network": output,
                "digest": network.digest(),
                "shape": list(network.shape),
                "thresholds": list(network.thresholds),
                "rounded": not exact,
                "samples": None if calibrated is None else vars(calibrated),
            }
        )


def _say_verdicts(listed: list[Verdict], json_path: str | None) -> int:
    """Print the verdicts, and return the exit status."""
    with json_result(json_path) as write:
        say(table([(one.name, one.kind, one.verdict, one.why) for one in listed], str.ljust))
        write({"nodes": [vars(one) for one in listed]})
    return int(any(one.verdict == IMPOSSIBLE for one in listed))


def _rounded(
    graph: Graph,
    metadata: Fields | None,
    data: Data,
    images: int | None,
    changes: Changes[Training],
    meta: dict[str, Any],
) -> tuple[Network, Calibrated | None]:
    layers, bits = real_layers(graph), changes["weight_bits"]
    n_out = layers[-1].kind.n_out
    about = {name: changes[name] for name in ("unit", "encoding")}
    about["deadline"] = changes["deadline"] or 6 * changes["unit"]
    further = {name: changes[name] for name in ("complement", "constant")}
    template = None if metadata is None else template_of(metadata, n_out)
    samples: dict[str, np.ndarray] = {}
    named: dict[str, Any] = {"meta": meta}
    if data.dataset:
        data_set = training_data(data, template)
        available = len(data_set.x_train)
        count = available if images == ALL else images or DEFAULT_SAMPLES
        own = data.dataset not in DATASETS
        chosen = some_of(available, count) if own else np.arange(min(count, available))
        samples = {"samples": data_set.x_train[chosen], "labels": data_set.y_train[chosen]}
        if data_set.ticks and about["encoding"] != "ticks" and template is None:
            raise click.UsageError(f"{data.dataset} holds events: give --encoding ticks.")
        if data_set.sound is not None and template is None:
            raise click.UsageError(f"{data.dataset} holds sound: such networks are not imported.")
        if template is None:
            template = fitted_template(data_set.x_train, data_set.features, **about, **further)
        named["meta"] = meta | {"dataset": data.dataset} | recorded(data, template)
        if len(data_set.classes) == n_out:
            named["classes"] = data_set.classes
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
