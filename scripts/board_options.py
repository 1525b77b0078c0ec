# SPDX-License-Identifier: BSD-2-Clause
"""Options that name a board or its build; a separate module, since importing boards is slow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from firstspike.boards.pins.registry import BOARDS
from firstspike.golden.sound.microphones import MICROPHONES

from .options import Decorator
from .places import InputPath, Parameters
from .targets import BUILT


def board_option(meaning: str, *, senses: bool = False, **settings: Any) -> Decorator:
    """Return the option --board; with `senses`, only for boards with the pins of a sensor."""
    names = [name for name, board in BOARDS.items() if board.standalone or not senses]
    return click.option("--board", type=click.Choice(names), help=meaning, **settings)


def sensor_option(meaning: str, *more: str, **settings: Any) -> Decorator:
    """Return the option --sensor for a kind of microphone, or one of `more` sensors."""
    kinds = click.Choice([*MICROPHONES, *more])
    return click.option("--sensor", type=kinds, help=meaning, **settings)


def netlist_options(command: Callable) -> Callable:
    """Add the options --board and --build."""
    board = board_option("Board of the build that is simulated.")
    build = click.option(
        "--build",
        type=InputPath(file_okay=False, path_type=Path, default=_default),
        metavar="DIR",
        help="Folder of the build that is simulated.  [default: build/NET-BOARD]",
    )
    return board(build(command))


def _default(parameters: Parameters) -> Path | None:
    if parameters["target"] not in BUILT or parameters["board"] is None:
        return None
    from firstspike.boards.building.bitstream import build_folder  # slow import

    return build_folder(parameters["net"], parameters["board"])
