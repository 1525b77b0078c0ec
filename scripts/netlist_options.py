# SPDX-License-Identifier: BSD-2-Clause
"""Options of verbs that take a netlist; apart, for the boards take a while to load."""

from collections.abc import Callable
from pathlib import Path

import click

from firstspike.boards.building.bitstream import build_folder
from firstspike.boards.pins.registry import BOARDS

from .places import InputPath, Parameters


def netlist_options(command: Callable) -> Callable:
    """Add --board and --build."""
    board = click.option(
        "--board",
        type=click.Choice(list(BOARDS)),
        help="Board for which the netlist was built, with --target netlist.",
    )
    build = click.option(
        "--build",
        type=InputPath(file_okay=False, path_type=Path, default=_default),
        metavar="DIR",
        help="Folder of the netlist's build, with --target netlist.  [default: build/NET-BOARD]",
    )
    return board(build(command))


def _default(parameters: Parameters) -> Path | None:
    board = parameters["board"] if parameters["target"] == "netlist" else None
    return board and build_folder(parameters["net"], board)
