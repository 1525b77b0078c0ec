# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check bitstream`: a bitstream against the routed design."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from firstspike.boards.building.bitstream import read_report
from firstspike.boards.building.layout import ROUTED, compare_layout, layout_rows, record_of
from firstspike.boards.pins.board import Board
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden.foreign.json_text import JsonError
from firstspike.scripts.output import json_option, json_result, say, table
from firstspike.scripts.places import InputPath, Verb


def _routed_design(parameters: Mapping[str, Any]) -> Path:
    return Path(parameters["bitstream"]).with_name(ROUTED)


@click.command(cls=Verb)
@click.argument("bitstream", type=InputPath(path_type=Path), metavar="FILE")
@click.option(
    "--routed",
    type=InputPath(path_type=Path, default=_routed_design),
    metavar="FILE",
    help=f"Compare with this routed design of nextpnr.  [default: {ROUTED} beside the bitstream]",
)
@json_option
def command(bitstream: Path, routed: Path | None, json_path: str | None) -> int:
    """Compare the bitstream of an iCE40 or ECP5 with the design that nextpnr routed.

    Reads the programmed bits, and follows their switches to the nets. Compares every pin, look-up
    table, register setting, memory content, pin type and PLL divider with the routed design, and
    looks for switches and cells that the design does not have. `firstspike build` does the same
    after every build. Ends with exit status 1 where they differ.

    Example: firstspike check bitstream build/mnist-4bit-icebreaker/firstspike.bin
    """
    with json_result(json_path) as write:
        routed = routed or bitstream.with_name(ROUTED)
        report = compare_layout(bitstream, routed, _board(routed.parent))
        record = record_of(report)
        write(record)
    say(table(layout_rows(record), str.ljust))
    for fault in record["first"]:
        say(fault)
    return int(record["faults"] > 0)


def _board(folder: Path) -> Board | None:
    """The board of the build in a folder; None without a report, so that no pins are compared."""
    try:
        return BOARDS.get(read_report(folder, {"board": str})["board"])
    except (FileNotFoundError, JsonError):
        return None
