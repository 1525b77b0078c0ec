# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check rate`: measures digits per second over the link, simulated bit by bit."""

import click

from firstspike.boards.building.design import Requirements, takes_digits
from firstspike.boards.building.plan import chosen_design
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import bundled_test_set, load_network
from firstspike.golden.data.sets import PIXELS
from firstspike.hdl.link.protocol.lines import Line
from firstspike.scripts.board_options import line_option
from firstspike.scripts.errors import VerbError
from firstspike.scripts.options import board_option
from firstspike.scripts.output import say
from firstspike.scripts.paths import NetworkName, Verb
from firstspike.scripts.selection import ALL, ImageCount, images_option


@click.command(cls=Verb)
@click.argument("net", default="mnist-4bit", type=NetworkName(), metavar="[NET]")
@board_option(
    "Simulate the design of this board: its clock, its lanes and its room for requests.",
    default="icebreaker",
)
@images_option(type=ImageCount(2, 10_000), default=60, help="Send N of the bundled digits.")
@line_option
def command(net: str, board: str, images: int, line: Line) -> None:
    """Stream bundled digits to the simulated board, bit by bit on its wires.

    The host sends bitmaps of the connected inputs. Every decision is compared with the golden
    model. SPI has a quarter of the board's clock.

    Example: firstspike check rate --images 20
    """
    from firstspike.sim.benches.link.rate import rate
    from firstspike.sim.harness.runner import check_tools

    check_tools()
    network = load_network(net)
    if not takes_digits(network):
        raise VerbError(f"{net} does not take the bundled digits, {PIXELS} black or white pixels.")
    design = chosen_design(network, BOARDS[board], Requirements(line=line))
    unit = "Mbaud" if line is Line.UART else "Mbit/s of SPI"
    speed = f"{design.bit_rate / MHZ:g} {unit}"
    pixels = bundled_test_set()[0][: None if images == ALL else images]
    measured = rate(
        design.network,
        design.config,
        pixels,
        design.hz,
        design.ring_bytes,
        line=line,
        baud=design.board.baud,
    )
    say(
        f"{measured:.0f} digits a second at {design.hz / MHZ:g} MHz and {speed} "
        f"({len(pixels)} digits, every decision and cycle as golden)"
    )
