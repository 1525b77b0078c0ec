# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike export`: writes a network as a NIR graph, with spike trains."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from firstspike.golden import load_network
from firstspike.golden.frameworks.nir.export import graph_of, write
from firstspike.golden.frameworks.nir.forms import FORMS
from firstspike.golden.frameworks.nir.graph import optional
from firstspike.golden.frameworks.nir.trains import trains_of, write_trains
from firstspike.golden.system.files import naming, replacing
from firstspike.scripts.output import json_option, json_result, say, table
from firstspike.scripts.paths import NetworkName, Output
from firstspike.scripts.selection import SelectionCommand, select, selection_options


@click.command(cls=SelectionCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@click.option(
    "--form",
    type=click.Choice(list(FORMS)),
    default=next(iter(FORMS)),
    help="Write the neuron in z with a step of one tick, which is exact; in time, as the published "
    "equation; or as CubaLIF, which SpikingJelly and snnTorch run.",
)
@selection_options
@click.option(
    "-o",
    "--output",
    metavar="NET.nir",
    required=True,
    type=Output(dir_okay=False, files=lambda path, _: (path, data_path(path))),
    help="Write the graph to this file.",
)
@json_option
def command(net: str, form: str, output: str, json_path: str | None, **options: Any) -> None:
    """Write the network NET as a NIR graph.

    The graph holds the whole network file, so that `firstspike import` gives the network back bit
    for bit. The spikes of images, where some are named, go beside it as NIRData, into NET.data.nir
    for NET.nir. They are those of the inputs and the hidden layers, and the one that decides.

    Example: firstspike export mnist-4bit --form cuba --images 100 -o mnist-4bit.nir
    """
    optional("nir")
    network = load_network(net)
    graph = graph_of(network, form)
    chosen = ("dataset", "images", "events_file", "image_files", "raw")
    images = None
    if any(options[name] for name in chosen):
        images = select(network, options | {"bitmap": None})
    beside = data_path(output)
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
            data_file = put(replacing(beside))
            with naming(beside):
                write_trains(data_file, trains_of(network, images.ticks, form))
            rows.append(("spike trains", f"{beside}, {images.source}"))
        say(table(rows, str.ljust))
        write_json(
            {
                "graph": output,
                "form": form,
                "nodes": list(graph.nodes),
                "digest": network.digest(),
                "data": None if images is None else str(beside),
            }
        )


def data_path(output: str | Path) -> Path:
    """Return NET.data.nir for a graph NET.nir."""
    path = Path(output)
    return path.with_name(f"{path.name.removesuffix('.nir')}.data.nir")
