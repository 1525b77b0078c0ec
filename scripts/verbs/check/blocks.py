# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check blocks`: runs the test benches of the hardware."""

from pathlib import Path
from time import perf_counter

import click

from firstspike.scripts.options import folder_option
from firstspike.scripts.output import say
from firstspike.scripts.places import Verb
from firstspike.sim.benches import EXAMPLES, example_of
from firstspike.sim.harness.runner import SIMULATORS, check_tools


@click.command(cls=Verb)
@click.argument(
    "benches", nargs=-1, type=click.Choice(EXAMPLES), metavar=f"[{' | '.join(EXAMPLES)}] ..."
)
@click.option(
    "--simulator",
    type=click.Choice(SIMULATORS),
    default="verilator",
    help="Simulator that runs the benches.",
)
@folder_option(
    "--waves",
    help="Write the signals over time (FST), and a GTKWave view of the named ones, into DIR/BENCH.",
)
def command(benches: tuple[str, ...], simulator: str, waves: Path | None) -> None:
    """Run test benches of the hardware: by default all, each with a small design.

    Compiled simulations are cached, so the second call is quick.

    Example: firstspike check blocks queue layer --simulator icarus --waves waves
    """
    check_tools(simulator, waves is not None)
    for name in benches or EXAMPLES:
        begun = perf_counter()
        folder = None if waves is None else waves / name
        what = example_of(name).example(simulator=simulator, waves=folder)
        say(f"{name:11} {what}: right ({perf_counter() - begun:.1f} s)")
