# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike serve`: a board that is not there, behind a pseudo-terminal."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from firstspike.golden import Network, load_network
from firstspike.golden.files import naming
from firstspike.golden.learning.state import held_weights
from firstspike.scripts.options import (
    bench_option,
    lanes_option,
    learn_option,
    overlap_option,
    rows_option,
    weights_option,
    window_option,
)
from firstspike.scripts.output import note, say
from firstspike.scripts.places import NetworkName, Output, Verb


@click.command(cls=Verb)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@lanes_option()
@window_option()
@rows_option()
@overlap_option
@weights_option
@learn_option
@bench_option
@click.option(
    "--link",
    type=Output(path_type=Path),
    metavar="PATH",
    help="Make a symbolic link to the port, so that its name is known beforehand.",
)
def command(net: str, link: Path | None, **design: Any) -> None:
    """Be a board with NET: the simulated design, link included, behind a pseudo-terminal.

    Prints the name of the port and serves until Ctrl-C or SIGTERM. Any program that speaks the link
    (docs/link.md) can use it, at any baud rate.

    Example: firstspike serve mnist-4bit --lanes 64 --link /tmp/board
    """
    network = load_network(net)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _end)
    try:
        from firstspike.sim.benches.link.virtual import VirtualBoard
        from firstspike.sim.harness.runner import check_tools

        check_tools()
        with _linked(link) as point, VirtualBoard(board_verilog(network, **design)) as board:
            point(board.port)
            say(board.port)
            name = link or board.port
            note(f"For example: firstspike run {net} --target board --port {name}")
            board.wait()
    except KeyboardInterrupt:
        note("Ended.")


def _end(*_: Any) -> None:
    """End as by Ctrl-C; a second signal does not disturb the end."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: None)
    raise KeyboardInterrupt


def board_verilog(
    network: Network,
    lanes: int | None,
    window: int | None,
    rows: int | None,
    overlap: bool | None,
    embedded: bool,
    stored_bits: int | None,
    bench_images: int = 0,
) -> str:
    """Verilog of a board's design for the network, without pins and UART. Raises NetworkError."""
    from firstspike.hdl.core.config import CoreConfig
    from firstspike.hdl.link.folding import linked_folding
    from firstspike.sim.benches.link.script import linked_core_verilog

    folding = linked_folding(network, lanes, window, rows, overlap)
    shape = CoreConfig.of(
        network.connected(), folding, any_weights=not embedded, stored_bits=stored_bits
    )
    weights = held_weights(network, stored_bits) if embedded else None
    return linked_core_verilog(shape, network, weights=weights, bench_images=bench_images)


@contextmanager
def _linked(link: Path | None) -> Iterator[Callable[[str], None]]:
    """Make a symbolic link, and give a function that lets it point to the port.

    Until then it points nowhere, as one may that is there before: it is replaced.
    """
    if link is None:
        yield lambda port: None
        return

    def point(to: str) -> None:
        with naming(link):
            if link.is_symlink() and not link.exists():
                link.unlink()
            link.symlink_to(to)

    point("no port yet")
    try:
        yield point
    finally:
        link.unlink(missing_ok=True)
