"""Options of targets and cores, and which go together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import click

from firstspike.golden.timing.folding import MAX_WINDOW

HARDWARE = ("lanes", "window", "bitmap")
"""Options of hardware that is generated."""

TOGETHER = {"board": ("port", "baud"), "netlist": ("board", "build")}
"""By target, its own options."""


def refuse(target: str, takes: Collection[str], options: Mapping[str, Any]) -> None:
    """Raise click.UsageError for options, None if not given, that the target does not take."""
    given = {option for option, value in options.items() if value is not None} - set(takes)
    if given & set(HARDWARE):
        own = [option for option in HARDWARE if option in options]
        named = [f"--{option}" for option in own]
        raise click.UsageError(f"A {target} has its own {_and(own)}: leave {_and(named)} out.")
    for other, group in TOGETHER.items():
        if given & set(group):
            named = _and([f"--{option}" for option in group])
            raise click.UsageError(f"{named} go with --target {other}.")


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


lanes_option = click.option(
    "--lanes",
    type=click.IntRange(min=1),
    metavar="P",
    help="Give every layer min(P, its neurons) lanes.  [default: 64]",
)

window_option = click.option(
    "--window",
    type=click.IntRange(0, MAX_WINDOW),
    metavar="K",
    help="Advance by up to 2^K ticks at once.  [default: the fastest]",
)

bitmap_option = click.option(
    "--bitmap",
    type=click.IntRange(8, 32),
    metavar="BITS",
    help="Feed the pixels as words of so many bits instead of events.",
)


def folding_options(command: Callable) -> Callable:
    """Add --lanes, --window and --bitmap, the arguments of `Folding.of`."""
    return lanes_option(window_option(bitmap_option(command)))


def port_options(command: Callable) -> Callable:
    """Add --port and --baud."""
    port = click.option("--port", metavar="PORT", help="Of a board: its serial port.")
    baud = click.option(
        "--baud", type=click.IntRange(1), metavar="B", help="Of a board.  [default: 3000000]"
    )
    return port(baud(command))


learn_option = click.option(
    "--learn",
    "stored_bits",
    type=click.IntRange(2, 16),
    metavar="BITS",
    help="A core that learns, and stores weights of so many bits.",
)

weights_option = click.option(
    "--weights",
    type=click.Choice(["embedded", "port"]),
    default="embedded",
    show_default=True,
    help="Weights inside the core, or to be loaded over its weight port.",
)
