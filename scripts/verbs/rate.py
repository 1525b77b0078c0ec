# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike rate`: digits a second over the link, simulated bit by bit."""

import click

from firstspike.boards.building.plan import chosen_design
from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.pll import MHZ
from firstspike.golden import bundled_test_set, load_network
from firstspike.hdl.link.protocol import BAUD
from firstspike.scripts.options import number_option
from firstspike.scripts.output import say


@click.command()
@click.argument("net", default="mnist-4bit", metavar="[NET]")
@click.option(
    "--board",
    type=click.Choice(list(BOARDS)),
    default="icebreaker",
    help="Whose clock, lanes and room for requests it has.",
)
@number_option(
    "--images", type=click.IntRange(2, 10_000), default=60, help="How many bundled digits."
)
def command(net: str, board: str, images: int) -> None:
    """Stream bundled digits to the simulated board, bit by bit on its two wires.

    Bitmaps go in, of all pixels and then of the connected ones alone, and decisions come out, all
    of which are compared with the golden model.

    Example: firstspike rate --images 20
    """
    from firstspike.sim.benches.link.rate import rate
    from firstspike.sim.harness.runner import check_tools

    check_tools()
    design = chosen_design(load_network(net), BOARDS[board])
    pixels = bundled_test_set()[0][:images]
    for all_pixels, what in ((True, "all pixels"), (False, "connected pixels")):
        found = rate(
            design.network,
            design.config,
            pixels,
            design.hz,
            design.board.ring_bytes,
            all_pixels=all_pixels,
        )
        say(
            f"{what:16} {found:7.0f} digits a second at {design.hz / MHZ:g} MHz and "
            f"{BAUD / 1e6:g} Mbaud ({images} digits, every decision and cycle as golden)"
        )
