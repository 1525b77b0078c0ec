# SPDX-License-Identifier: BSD-2-Clause
"""Options of verbs that take a netlist; apart, for the boards take a while to load."""

from collections.abc import Callable

import click

from firstspike.boards.pins.registry import BOARDS

from .options import folder_option


def netlist_options(command: Callable) -> Callable:
    """Add --board and --build."""
    board = click.option(
        "--board", type=click.Choice(list(BOARDS)), help="Of a netlist: what it is for."
    )
    build = folder_option(
        "--build",
        help="Of a netlist: where `firstspike build` has put it.  [default: build/NET-BOARD]",
    )
    return board(build(command))
