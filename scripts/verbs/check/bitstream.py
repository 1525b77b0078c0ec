# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check bitstream`: compares a bitstream with the routed design."""

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from firstspike.boards.building.bitstream import BUILT, REPORT, fingerprint, read_report
from firstspike.boards.building.layout import (
    ROUTED,
    check_family,
    compare_layout,
    structure_report,
)
from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.readback.comparison import layout_rows, record_of
from firstspike.boards.readback.ice40.structure import StructureReport
from firstspike.boards.readback.routed import LayoutReport, RoutedError
from firstspike.golden.foreign.json_text import JsonError
from firstspike.scripts.output import say, table
from firstspike.scripts.paths import InputPath, Verb

_Checked = TypeVar("_Checked", LayoutReport, StructureReport)


@click.command(cls=Verb)
@click.argument("bitstream", type=InputPath(path_type=Path), metavar="FILE")
@click.option(
    "--routed",
    type=InputPath(path_type=Path),
    metavar="FILE",
    help=f"Compare with this routed design of nextpnr.  [default: {ROUTED} beside the bitstream]",
)
def command(bitstream: Path, routed: Path | None) -> int:
    """Compare the bitstream of an iCE40 or ECP5 with the design that nextpnr routed.

    The command reads the programmed bits, and derives the nets from their switches. It compares
    every pin, look-up table, register setting, memory content, pin type and PLL divider with the
    routed design, and finds switches and cells that the design does not have. `firstspike build`
    does the same after every build. If there is no routed design, as for the bitstream of a
    release, the command checks drivers and pins with the report in the same folder. Ports are
    compared with the pins of the board only if the report of the build is beside the routed design.
    The exit status is 1 if there is a fault.

    Example: firstspike check bitstream build/mnist-4bit-icebreaker/firstspike.bin
    """
    check_family(bitstream)
    beside = bitstream.with_name(ROUTED)
    rows = []
    if routed is None and not beside.is_file():
        record = _structure(bitstream)
        missing = f"none: there is no {ROUTED}, so only structure and pins are checked"
        rows = [("routed design", missing)]
    else:
        routed = routed or beside
        report, reason = _report(routed)
        board = BOARDS.get(report.get("board", ""))
        layout = compare_layout(bitstream, routed, board)
        if routed.parent == bitstream.parent:
            layout = _with_digest(layout, bitstream, report.get("bitstream"))
        record = record_of(layout)
        if board is None:
            record["pads"] = f"not compared: {reason}"
    say(table([*rows, *layout_rows(record)], str.ljust))
    for fault in record["first"]:
        say(fault)
    return int(record["faults"] > 0)


def _structure(bitstream: Path) -> dict[str, Any]:
    """Check a bitstream without a routed design. Raises RoutedError without a report."""
    try:
        report = read_report(bitstream.parent, BUILT)
        names = (report.get("layout") or {})["names"]
        board = BOARDS[report["board"]]
    except (FileNotFoundError, JsonError, KeyError):
        raise RoutedError(
            f"there is no {ROUTED} beside {bitstream}, and no {REPORT} that names its pins: build "
            "it anew, or name the routed design by --routed."
        ) from None
    structure = structure_report(bitstream, board, names)
    return record_of(_with_digest(structure, bitstream, report["bitstream"]))


def _with_digest(checked: _Checked, bitstream: Path, built: dict[str, Any] | None) -> _Checked:
    """Return the check with a fault if the bitstream is not the one that was `built`."""
    if built is None or fingerprint(bitstream)["sha256"] == built["sha256"]:
        return checked
    other = f"the file is not what {REPORT} says was built"
    return replace(checked, faults=[other, *checked.faults])


def _report(routed: Path) -> tuple[dict[str, Any], str]:
    """Return the report beside a routed design, {} without one, and why no board is known."""
    built = {"board": str, "bitstream?": (None, BUILT["bitstream"])}
    try:
        report = read_report(routed.parent, built)
    except FileNotFoundError:
        return {}, f"there is no {REPORT} beside {routed.name}"
    except JsonError as error:
        return {}, f"{error}"
    return report, f"{REPORT} names the board {report['board']!r:.40}, which is not known"
