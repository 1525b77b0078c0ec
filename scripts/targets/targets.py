"""What can run a network: the golden model, the hardware in simulation, or a board.

A target is a function from a network, input ticks and a folding to `Results`. `TARGETS` lists those
that need nothing else; `chosen` makes any of them ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click
import numpy as np

from firstspike.golden import Network, Results, infer
from firstspike.golden.timing.folding import MAX_WINDOW, Folding

if TYPE_CHECKING:
    from firstspike.hdl.core.config import CoreConfig

Target = Callable[[Network, np.ndarray, Folding, np.ndarray | None], Results]
"""(network, ticks int32 [n, n_rows], folding, pixels) -> what happened to each image.

Pixels, uint8 [n, n_inputs], are needed where the folding has a bitmap in front.
"""


def golden(
    network: Network, ticks: np.ndarray, folding: Folding, pixels: np.ndarray | None
) -> Results:
    """Run the integer model, and predict the clock cycles of hardware of that folding."""
    inference = infer(network, ticks)
    cycles = predicted_cycles(network, ticks, inference, folding, pixels)
    return replace(inference, cycles=cycles)


def predicted_cycles(
    network: Network,
    ticks: np.ndarray,
    inference: Results,
    folding: Folding,
    pixels: np.ndarray | None,
) -> np.ndarray | None:
    """Golden's clock cycles of each image; None where hardware cannot run the network."""
    from firstspike.golden.timing.cycles import cycles

    if network.max_spikes > 1:
        return None
    return cycles(network, ticks, inference, folding, pixels)


def rtl(
    network: Network, ticks: np.ndarray, folding: Folding, pixels: np.ndarray | None
) -> Results:
    """Run the generated hardware, cycle by cycle, on Verilator."""
    from firstspike.sim.benches.core.run import simulate

    return simulate(network, ticks, folding, pixels)


TARGETS: dict[str, Target] = {"golden": golden, "rtl": rtl}

NAMES = (*TARGETS, "board")


@dataclass(frozen=True)
class Chosen:
    """A target that is ready to run."""

    run: Target
    folding: Folding
    """Of its hardware."""
    predict: Callable[[Network, np.ndarray, Results, np.ndarray | None], np.ndarray | None]
    """(network, ticks, inference, pixels) -> golden's clock cycles for it; None and `UNCOUNTED`
    where it has none to be held against."""


@contextmanager
def chosen(
    name: str,
    network: Network,
    lanes: int | None,
    window: int | None,
    bitmap: int | None,
    port: str | None,
    baud: int | None,
) -> Iterator[Chosen]:
    """Make a target ready; the arguments are its options. Raises click.UsageError, BoardError."""
    if name != "board":
        refuse_port(port, baud)
        folding = Folding.of(network, lanes, window, bitmap)

        def predict(network, ticks, inference, pixels):
            return predicted_cycles(network, ticks, inference, folding, pixels)

        yield Chosen(TARGETS[name], folding, predict)
        return
    refuse_hardware("board", lanes, window, bitmap)
    from .board import opened

    with opened(port, baud) as board:
        yield linked(board.run, board.config, board.folding)


def linked(run: Target, config: CoreConfig, folding: Folding) -> Chosen:
    """A core behind a link, made ready: golden has no cycles for images that go as events."""
    from firstspike.boards.building.digits import linked_cycles

    def predict(network, ticks, inference, pixels):
        return linked_cycles(network, config, folding, ticks, inference)

    return Chosen(run, folding, predict)


def refuse_hardware(what: str, lanes: int | None, window: int | None, bitmap: int | None) -> None:
    """Raise click.UsageError if options of hardware to be generated are given for what is there."""
    if any(one is not None for one in (lanes, window, bitmap)):
        raise click.UsageError(
            f"A {what} has its own lanes, window and bitmap: leave --lanes, --window and --bitmap "
            "out."
        )


def refuse_port(port: str | None, baud: int | None) -> None:
    """Raise click.UsageError if options of a board are given without one."""
    if port is not None or baud is not None:
        raise click.UsageError("--port and --baud go with --target board.")


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
