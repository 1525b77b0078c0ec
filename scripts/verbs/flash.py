# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike flash`: programs a board."""

from pathlib import Path

import click

from firstspike.boards.building.programmer import built_for, program, released_for
from firstspike.boards.pins.registry import BOARDS
from firstspike.scripts.options import RELEASED_NAME, board_option
from firstspike.scripts.output import note, say
from firstspike.scripts.paths import InputPath, Verb


@click.command(cls=Verb)
@board_option("Board to program.", required=True)
@click.argument("bitstream", required=False, type=InputPath(path_type=Path), metavar="[BITSTREAM]")
def command(board: str, bitstream: Path | None) -> None:
    """Program a board with a bitstream; without one, with that of `firstspike build` in build/.

    `released` stands for the bitstream of mnist-4bit that comes with the release. Boards with an
    iCE40, and the OrangeCrab, keep the design when they are switched off; other boards lose it. If
    the build has its weights in the flash, the command first writes the weights, and verifies them
    if the programmer can. A build whose bitstream differs from the routed design is refused.

    Example: firstspike flash --board icebreaker
    """
    target = BOARDS[board]
    if bitstream == Path(RELEASED_NAME):
        bitstream = released_for(target)
    bitstream = bitstream or built_for(target, Path("build"))
    note(f"Programming the {target.title} with {bitstream} ...")
    tool = program(target, bitstream)
    say(f"{target.title}: programmed by {tool}")
