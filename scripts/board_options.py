# SPDX-License-Identifier: BSD-2-Clause
"""Options of boards, their builds and designs; these imports are slow and need the extra `hdl`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from firstspike.boards.pins.registry import BOARDS
from firstspike.golden.sound.microphones import MICROPHONES
from firstspike.hdl.link.protocol.formats import MAX_BENCH_IMAGES
from firstspike.hdl.link.protocol.lines import Line

from .options import Decorator
from .places import InputPath, Parameters
from .targets import BUILT

BENCH_IMAGES = 64
"""Default number of images that a design stores: two block RAMs of an ECP5 for MNIST."""

bench_option = click.option(
    "--bench",
    "bench_images",
    is_flag=False,
    flag_value=BENCH_IMAGES,
    default=0,
    show_default=False,
    type=click.IntRange(0, MAX_BENCH_IMAGES),
    metavar="[N]",
    help=f"Let the design hold N images, which `firstspike bench` plays; without N it holds "
    f"{BENCH_IMAGES}.",
)

line_option = click.option(
    "--link",
    "line",
    type=click.Choice([line.value for line in Line]),
    default=Line.UART.value,
    callback=lambda ctx, parameter, line: Line(line),
    help="Connect the host by these wires. docs/link.md says what SPI asks of a host.",
)


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
