"""`firstspike compare`: a target against the golden model, down to the spike and the cycle."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import differences, infer, load_network
from firstspike.golden.results import UNCOUNTED
from firstspike.scripts.output import json_option, json_result, say
from firstspike.scripts.selection import SelectionCommand, select, selection_options
from firstspike.scripts.targets.targets import (
    NAMES,
    chosen,
    folding_options,
    port_options,
    refuse_hardware,
    refuse_port,
)


@click.command(cls=SelectionCommand)
@click.argument("net", default="mnist-8bit", metavar="[NET]")
@selection_options
@click.option(
    "--target",
    type=click.Choice([*(name for name in NAMES if name != "golden"), "netlist"]),
    default="rtl",
    show_default=True,
    help="What is compared with the golden model.",
)
@folding_options
@port_options
@click.option("--board", type=click.Choice(list(BOARDS)), help="Of a netlist: what it is for.")
@click.option(
    "--build",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Of a netlist: where `firstspike build` has put it.  [default: build/NET-BOARD]",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    net: str,
    target: str,
    lanes: int | None,
    window: int | None,
    bitmap: int | None,
    port: str | None,
    baud: int | None,
    board: str | None,
    build: Path | None,
    json_path: str | None,
    **selection: Any,
) -> None:
    """Compare a target with the golden model: every spike, decision, statistic and cycle.

    Names the first difference and ends with exit status 1 if there is one. A board is given NET's
    weights if it has others; its spikes are compared by their number, for the link does not carry
    them, and clock cycles where the images come as bitmaps. The netlist is that of NET's build for
    a board, the very one that was placed; it is simulated through its pins, with all its spikes.

    Example: firstspike compare mnist-8bit --images 1000 --target rtl --lanes 8
    """
    network = load_network(net)
    images = select(network, **selection, bitmap=bitmap)
    if target == "netlist":
        from firstspike.scripts.targets.netlist import built

        refuse_hardware("netlist", lanes, window, bitmap)
        refuse_port(port, baud)
        target_ready = nullcontext(built(net, network, board, build))
    elif board is not None or build is not None:
        raise click.UsageError("--board and --build go with --target netlist.")
    else:
        target_ready = chosen(target, network, lanes, window, bitmap, port, baud)
    with json_result(json_path) as write, target_ready as ready:
        run = ready.run(network, images.ticks, ready.folding, images.pixels)
        inference = infer(network, images.ticks)
        cycles = ready.predict(network, images.ticks, inference, images.pixels)
        found = list(differences(replace(inference, cycles=cycles), run))
        spikes = None if run.logs is None else sum(map(len, run.logs))
        counts = Counter(one.what for one in found)
        write(
            {
                "count": len(images.labels),
                "spikes": spikes,
                "differences": dict(counts),
                "first": vars(found[0]) if found else None,
            }
        )
    counted = f"{len(images.labels)} images" if spikes is None else f"{spikes} hidden spikes"
    say(f"{net} on {target} against golden, {images.source}: {counted}", json_path)
    if found:
        named = ", ".join(f"{count} in {what}" for what, count in counts.items())
        say(f"The first of {len(found)} differences ({named}):\n{found[0]}", json_path)
        ctx.exit(1)
    what = ["decisions", "statistics"]
    if spikes is not None:
        what.insert(0, "spikes")
    what += ["clock cycles"] if cycles is not None and np.all(cycles != UNCOUNTED) else []
    say(f"0 differences in {', '.join(what[:-1])} and {what[-1]}", json_path)
