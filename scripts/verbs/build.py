# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike build`: builds a bitstream for a board, and reports its resources and speed."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from firstspike.boards.building import duration, fastest
from firstspike.boards.building.bitstream import FILES, Flow, build_folder, tools_for
from firstspike.boards.building.design import WINDOW, Requirements
from firstspike.boards.building.motion import LSM6DSO
from firstspike.boards.building.plan import chosen_design, needs_of
from firstspike.boards.building.seeds import SEEDS, PlaceSeeds, in_turn
from firstspike.boards.building.sensors import sensing_design
from firstspike.boards.building.shipped_builds import build_of
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import load_network
from firstspike.golden.foreign.printable import printable
from firstspike.golden.sound.microphones import MICROPHONES
from firstspike.golden.timing.folding import DEFAULT_LANES
from firstspike.golden.timing.shape import CoreShape
from firstspike.scripts.board_options import (
    bench_option,
    line_option,
    sensor_option,
    teach_option,
)
from firstspike.scripts.building import Building
from firstspike.scripts.options import (
    Choice,
    Number,
    board_option,
    check_scheduler,
    folder_option,
    lanes_option,
    overlap_option,
    rows_option,
    scheduler_option,
    seeds_option,
    take_record,
    window_option,
)
from firstspike.scripts.output import command_line, note, note_window, on_command_line, say
from firstspike.scripts.paths import NetworkName, Verb, default
from firstspike.scripts.shares.seeds import in_shares
from firstspike.scripts.shares.work import shares
from firstspike.scripts.teaching import teachable_design

FLASH = "flash"
"""Value of --weights for weights in the flash."""

MAX = "max"
"""Value of --clock for a search of the highest clock."""


class Clock(Number):
    """MHz, or MAX."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Accept MAX in addition to numbers."""
        return value if value == MAX else super().convert(value, param, ctx)


@click.command(cls=Verb)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@board_option("Board to build for.", required=True)
@lanes_option(f"as `firstspike boards` says; {DEFAULT_LANES} with --learn")
@window_option(
    "as `firstspike boards` says; if --lanes is given, the fastest for the examples in NET, or "
    f"{WINDOW} without examples or with --sensor"
)
@rows_option("as `firstspike boards` says; 1 if --lanes is given")
@overlap_option
@line_option
@sensor_option(
    "Build a design that needs no computer: it listens to this kind of microphone, or watches "
    "motion with an LSM6DSO, and says its decisions as text. An iCE40 reads its weights from the "
    "flash.",
    LSM6DSO,
)
@click.option(
    "--weights",
    type=Choice([FLASH]),
    help="Let an iCE40 read its weights from the board's flash at power-up. A host can still "
    "write other weights over the link.",
)
@click.option(
    "--clock",
    type=Clock(min=1),
    metavar="MHz|max",
    help="Clock of the design: one that the PLL can make, and with a UART within 1.25 % of a "
    "multiple of its baud rate (1 or 3 MHz). With max it is the highest one that a placement "
    "meets.  [default: as `firstspike boards` says]",
)
@seeds_option(
    "Seed of the placement, or several at once, in shares, until one is fast enough.  "
    f"[default: {SEEDS[0]} to {SEEDS[-1]}, one after the other]",
    least=1,
)
@scheduler_option
@teach_option
@bench_option
@click.option(
    "--native", is_flag=True, help="Use Yosys, nextpnr and the packer that are on the PATH."
)
@folder_option(
    "-o",
    "--output",
    files=FILES,
    callback=default(lambda parameters: build_folder(parameters["net"], parameters["board"])),
    help="Write bitstream, synthesised netlist and report into this folder.  "
    "[default: build/NET-BOARD]",
)
def command(
    net: str,
    board: str,
    native: bool,
    output: Path,
    sensor: str | None,
    weights: str | None,
    **core: Any,
) -> None:
    """Build a bitstream of NET's core, with its link or a sensor, for a board.

    DIR gets the bitstream (firstspike.bit, .bin or .fs), report.json and report.txt, and the
    synthesised netlist, as JSON and as Verilog. If no seed meets the clock, the exit status is 1,
    and there is no bitstream. The command compares the bitstream of an iCE40 or ECP5 with the
    routed design; if they differ, the exit status is also 1. If there are several seeds, all
    processors, or a cluster, place at the same time, and finished placements are kept. The command
    first prints an estimate of the time, and a warning if no build of this design is known.

    With --sensor the design needs no computer. With --sensor on an iCE40, or --weights flash, DIR
    also gets weights.bin, which `firstspike flash` writes into the flash.

    With a microphone and --teach, which is the same option as --learn, the owner of the board
    teaches it words: docs/standalone.md has the steps. The data set that NET was trained on must be
    at hand. A board with an iCE40 cannot learn, and only a Colorlight keeps the words without
    power.

    With --clock max the command places the design at several clocks. It chooses each clock by the
    results before, and prints whether the design met it. Placements are stored: if you repeat the
    command, it continues an interrupted search.

    Example: firstspike build mnist-4bit --board icebreaker
    """
    seed, scheduler, clock = (core.pop(name) for name in ("seed", "scheduler", "clock"))
    check_scheduler(seed, scheduler)
    network = load_network(net)
    hz = None if clock in (None, MAX) else round(clock * MHZ)
    shape = take_record(CoreShape, core)
    if sensor is None:
        if shape.lanes is not None:
            note_window(network, shape)
        design = chosen_design(network, BOARDS[board], Requirements(shape, hz, **core))
        if weights == FLASH:
            design = replace(design, flashed=True)
    else:
        teaches = core.pop("stored_bits") is not None
        if (
            clock == MAX
            or shape.overlap
            or (shape.rows or 1) > 1
            or on_command_line("weights", *core)
        ):
            raise click.UsageError(
                "--sensor goes with --lanes, --window, --teach and a --clock in MHz alone."
            )
        if teaches and sensor not in MICROPHONES:
            raise click.UsageError(f"--teach goes with --sensor {' or '.join(MICROPHONES)}.")
        make = teachable_design if teaches else sensing_design
        design = make(network, BOARDS[board], shape, hz, sensor)
    tools = tools_for(design.board, native=native)  # a missing tool is reported first
    if clock != MAX and not build_of(design):
        note(f"Not placed before: whether it meets {design.hz / MHZ:g} MHz will be seen.")
    seconds = duration.seconds(design.board.device.family, needs_of(design)["LUTs"])
    each = " for each clock" if clock == MAX else ""
    note(f"On an idle machine it takes about {about(seconds)} with one seed{each}.")
    with ExitStack() as stack:
        place_seeds: PlaceSeeds = in_turn
        seeds: Sequence[int] = fastest.SEEDS if clock == MAX else SEEDS
        if isinstance(seed, list):
            seeds, place_seeds = seed, in_shares(stack.enter_context(shares(scheduler)))
        elif seed is not None:
            seeds = [seed]
        building = Building(output, command_line(), Flow(tools, seeds, place_seeds, native))
        if clock == MAX:
            report, text = building.at_the_highest(design)
        else:
            report, text = building.at_its_clock(design)
        say(f"{text}\nwritten: {printable(output)}")
    _check_result(report)


def _check_result(report: dict[str, Any]) -> None:
    """Raise a click error for a design that is too slow, or a bitstream that differs."""
    if not report["met"]:
        clocks = ", ".join(f"{fmax:.1f} MHz with seed {n}" for n, fmax in report["fmax"].items())
        raise click.ClickException(
            f"the design is too slow for {report['clock'] / MHZ:g} MHz: it reaches {clocks}. Take "
            "other seeds (--seed), fewer --lanes, or a lower --clock."
        )
    if (report["layout"] or {}).get("faults"):
        raise click.ClickException(
            "the bitstream differs from the routed design, and `firstspike flash` refuses it: "
            "take another --seed, and open an issue with report.json."
        )


def about(seconds: float) -> str:
    """Return seconds as a text with whole minutes."""
    minutes = max(1, round(seconds / 60))
    return f"{minutes} minute{'s' if minutes > 1 else ''}"
