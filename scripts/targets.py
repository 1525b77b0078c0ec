"""What can run a network: the golden model, or the hardware in simulation.

A target is a function from a network, input ticks and a schedule to a `Run`; `TARGETS` lists them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click
import numpy as np

from firstspike.golden import Inference, Network, infer
from firstspike.golden.schedule import MAX_WINDOW, Schedule
from firstspike.sim.scoreboard import Run, Spike

Target = Callable[[Network, np.ndarray, Schedule, np.ndarray | None], Run]
"""(network, ticks int32 [n, n_rows], schedule, pixels) -> what happened to each image.

Pixels, uint8 [n, n_inputs], are needed where the schedule has a bitmap in front.
"""


@dataclass(frozen=True)
class GoldenRun:
    """The golden model's word on n images, in the form in which hardware reports its own."""

    decision: np.ndarray
    tick: np.ndarray
    forced: np.ndarray
    rows: np.ndarray
    cycles: Sequence[int | None]
    """Predicted for the schedule; None for networks that the hardware does not run."""
    error: np.ndarray
    logs: Sequence[Sequence[Spike]]
    """Up to the decision."""


def golden(
    network: Network, ticks: np.ndarray, schedule: Schedule, pixels: np.ndarray | None
) -> GoldenRun:
    """Run the integer model, and predict the clock cycles of hardware of that schedule."""
    inference = infer(network, ticks)
    n = len(ticks)
    return GoldenRun(
        inference.decision,
        inference.tick,
        inference.forced,
        inference.rows,
        predicted_cycles(network, ticks, inference, schedule, pixels),
        np.zeros(n, np.int64),
        [inference.spikes(image) for image in range(n)],
    )


def predicted_cycles(
    network: Network,
    ticks: np.ndarray,
    inference: Inference,
    schedule: Schedule,
    pixels: np.ndarray | None,
) -> Sequence[int | None]:
    """Golden's clock cycles of each image; None where hardware cannot run the network."""
    from firstspike.golden.cycles import cycles

    if network.max_spikes > 1:
        return [None] * len(ticks)
    return cycles(network, ticks, inference, schedule, pixels)


def rtl(network: Network, ticks: np.ndarray, schedule: Schedule, pixels: np.ndarray | None) -> Run:
    """Run the generated hardware, cycle by cycle, on Verilator."""
    from firstspike.sim.core import simulate

    return simulate(network, ticks, schedule, pixels)


TARGETS: dict[str, Target] = {"golden": golden, "rtl": rtl}


def schedule_options(command: Callable) -> Callable:
    """Add --lanes, --window and --bitmap, the arguments of `Schedule.of`."""
    for option in (
        click.option(
            "--bitmap",
            type=click.IntRange(8, 32),
            metavar="BITS",
            help="Feed the pixels as words of so many bits instead of events.",
        ),
        click.option(
            "--window",
            type=click.IntRange(0, MAX_WINDOW),
            metavar="K",
            help="Advance by up to 2^K ticks at once.  [default: the fastest]",
        ),
        click.option(
            "--lanes",
            type=click.IntRange(min=1),
            metavar="P",
            help="Give every layer min(P, its neurons) lanes.  [default: 64]",
        ),
    ):
        command = option(command)
    return command


weights_option = click.option(
    "--weights",
    type=click.Choice(["embedded", "port"]),
    default="embedded",
    show_default=True,
    help="Weights inside the core, or to be loaded over its weight port.",
)
