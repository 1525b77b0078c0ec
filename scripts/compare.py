"""`firstspike compare`: a target against the golden model, down to the spike and the cycle."""

from collections import Counter
from typing import Any

import click

from firstspike.golden import infer, load_network
from firstspike.golden.schedule import Schedule
from firstspike.sim.scoreboard import differences

from .output import json_option, json_result, say
from .selection import SelectionCommand, select, selection_options
from .targets import TARGETS, predicted_cycles, schedule_options


@click.command(cls=SelectionCommand)
@click.argument("net", default="mnist-8bit", metavar="[NET]")
@selection_options
@click.option(
    "--target",
    type=click.Choice([name for name in TARGETS if name != "golden"]),
    default="rtl",
    show_default=True,
    help="What is compared with the golden model.",
)
@schedule_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    net: str,
    target: str,
    lanes: int | None,
    window: int | None,
    bitmap: int | None,
    json_path: str | None,
    **selection: Any,
) -> None:
    """Compare a target with the golden model: every spike, decision, statistic and cycle.

    Names the first difference and ends with exit status 1 if there is one.

    Example: firstspike compare mnist-8bit --images 1000 --target rtl --lanes 8
    """
    network = load_network(net)
    images = select(network, **selection, bitmap=bitmap)
    schedule = Schedule.of(network, lanes, window, bitmap)
    with json_result(json_path) as write:
        run = TARGETS[target](network, images.ticks, schedule, images.pixels)
        inference = infer(network, images.ticks)
        cycles = predicted_cycles(network, images.ticks, inference, schedule, images.pixels)
        found = list(differences(inference, cycles, run))
        spikes, counts = sum(map(len, run.logs)), Counter(one.what for one in found)
        write(
            {
                "count": len(images.labels),
                "spikes": spikes,
                "differences": dict(counts),
                "first": vars(found[0]) if found else None,
            }
        )
    say(f"{net} on {target} against golden, {images.source}: {spikes} hidden spikes", json_path)
    if found:
        named = ", ".join(f"{count} in {what}" for what, count in counts.items())
        say(f"The first of {len(found)} differences ({named}):\n{found[0]}", json_path)
        ctx.exit(1)
    say("0 differences in spikes, decisions, statistics and clock cycles", json_path)
