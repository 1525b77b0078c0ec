"""`firstspike rate`: digits a second over the link, simulated bit by bit."""

import click

from firstspike.golden import bundled_test_set, load_network
from firstspike.hdl.link.protocol import BAUD

from .output import say


@click.command()
@click.argument("net", default="mnist-4bit", metavar="[NET]")
@click.option("--lanes", type=click.IntRange(min=1), default=12, show_default=True)
@click.option("--window", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--clock", type=float, default=24.0, show_default=True, metavar="MHZ", help="Of the board."
)
@click.option("--images", type=click.IntRange(min=2), default=60, show_default=True)
def command(net: str, lanes: int, window: int, clock: float, images: int) -> None:
    """Stream bundled digits to the simulated board of NET, bit by bit on its two wires.

    Bitmaps go in, of all pixels and then of the connected ones alone, and decisions come out, all
    of which are compared with the golden model. The default is the core for the iCE40 UP5K.

    Example: firstspike rate --images 20
    """
    from firstspike.sim.link_rate import rate

    network = load_network(net)
    pixels = bundled_test_set()[0][:images]
    for all_pixels, what in ((True, "all pixels"), (False, "connected pixels")):
        found = rate(network, pixels, lanes, window, round(clock * 1e6), all_pixels=all_pixels)
        say(
            f"{what:16} {found.per_second:7.0f} digits a second at {clock:g} MHz and "
            f"{BAUD / 1e6:g} Mbaud ({images} digits, every decision and cycle as golden)"
        )
