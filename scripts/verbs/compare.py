# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike compare`: compares a target with the golden model, spike by spike."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from firstspike.golden import Network, load_network
from firstspike.golden.foreign.printable import printable
from firstspike.golden.results import UNCOUNTED, differences, joined
from firstspike.scripts.inputs import InputCommand
from firstspike.scripts.metrics import timing, timing_rows
from firstspike.scripts.options import (
    RELEASED_NAME,
    board_port_option,
    clock_option,
    folding_options,
    netlist_options,
    number_option,
    take_record,
    target_option,
)
from firstspike.scripts.output import counted, json_option, json_result, note_window, say, table
from firstspike.scripts.paths import NetworkName
from firstspike.scripts.progress import bars
from firstspike.scripts.selection import ImageChoice, Selection, select, selection_options
from firstspike.scripts.targets.comparison import Comparison, compared
from firstspike.scripts.targets.specifications import (
    BUILT,
    TARGETS,
    Golden,
    Rtl,
    Specification,
    take_target,
)

if TYPE_CHECKING:
    from firstspike.scripts.shares.work import Shares

IMAGES = 500
"""Images per share: they take several times as long as the start of a share."""

PLAYING = ("rtl", "netlist", "board")
"""Targets that store images."""


@click.command(cls=InputCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@selection_options
@target_option(
    (*TARGETS[1:], *BUILT),
    "Compare this with the golden model: the simulated core, a board, a synthesised netlist, the "
    "routed design of an ECP5, or the bitstream of an iCE40.",
)
@folding_options
@click.option(
    "--scheduler",
    is_flag=False,
    flag_value="",
    metavar="[ADDRESS]",
    help="Divide the images over the cluster of a Dask scheduler (docs/cluster.md), and simulate "
    "them there. Without ADDRESS the cluster has the cores of this machine.",
)
@clock_option
@board_port_option
@netlist_options
@number_option(
    "--rounds",
    type=click.IntRange(1, 65535),
    help="Let the design store the images, play each N times without the link, and count cycles.",
)
@json_option
def command(
    net: str,
    target: str,
    json_path: str | None,
    scheduler: str | None,
    clock: float | None,
    rounds: int | None,
    **options: Any,
) -> int:
    """Compare a target with the golden model: every spike, decision, spike count and cycle.

    If there is a difference, the command prints the first one, and the exit status is 1. If a board
    has weights of another network, the command writes those of NET. Over the link, the command
    compares decisions and spike counts, and clock cycles if the images are sent as bitmaps. The
    targets netlist, routed and bitstream are stages of NET's build for a board: the synthesised
    netlist before placement and routing, the routed design of an ECP5, and the bitstream of an
    iCE40. They are simulated through their pins, with all spikes.

    With --rounds the images go over the link once, each with the decision of the golden model. Then
    they go through the core round after round. The hardware counts clock cycles, decisions, and
    decisions whose class or tick differs from golden's. A design stores images if it was built with
    --bench. Times are at the clock of --clock; without it, at that of the build or the board.

    Example: firstspike compare mnist-8bit --images 1000 --target rtl --lanes 8
    """
    if options["build"] == Path(RELEASED_NAME):
        if target != "bitstream" or not options["board"]:
            raise click.UsageError(
                f"--build {RELEASED_NAME} goes with --target bitstream and --board."
            )
        from firstspike.boards.building.programmer import released_for  # slow imports
        from firstspike.boards.pins.registry import BOARDS

        options["build"] = released_for(BOARDS[options["board"]]).parent
    bitmap = options["bitmap"]
    unplayed = target not in PLAYING or scheduler is not None or bitmap
    if rounds is not None and unplayed:
        raise click.UsageError(
            f"--rounds goes with --target {', '.join(PLAYING)}, and without --scheduler and "
            "--bitmap."
        )
    specification = take_target(target, options)
    shares_images = isinstance(specification, Rtl) and not specification.shape.overlap
    if scheduler is not None and not shares_images:
        raise click.UsageError(
            "--scheduler goes with --target rtl without --overlap: only there an image knows "
            "nothing of the one before."
        )
    network, chosen = load_network(net), take_record(ImageChoice, options)
    images = select(network, chosen, bitmap)
    if isinstance(specification, Golden):
        note_window(network, specification.shape)
    if rounds is not None:
        from firstspike.scripts.rounds import compare_rounds  # slow import

        at_most = chosen.images is None
        return compare_rounds(
            net, network, images, specification, rounds, clock, json_path, at_most=at_most
        )
    return _compare(net, network, images, specification, clock, json_path, scheduler)


def _compare(
    net: str,
    network: Network,
    images: Selection,
    specification: Specification,
    clock: float | None,
    json_path: str | None,
    scheduler: str | None,
) -> int:
    """Compare every spike, print the first difference, and return the exit status."""
    ready = specification.open(net, network, bars())
    with json_result(json_path) as write, ready:
        if scheduler is None:
            comparison = compared(ready, images.ticks, images.pixels)
        else:
            from firstspike.scripts.shares.work import shares  # slow import

            with shares(scheduler or None) as work:
                comparison = compared_in_shares(
                    work, specification, network, images.ticks, images.pixels
                )
        mismatches, logs = comparison.differences, comparison.found.logs
        mismatches = [
            one if one.image is None else replace(one, image=int(images.numbers[one.image]))
            for one in mismatches
        ]
        spikes = None if logs is None else sum(map(len, logs))
        counts = Counter(one.what for one in mismatches)
        summary = timing(comparison.found, clock)
        write(
            {
                "count": len(images.labels),
                "spikes": spikes,
                **summary,
                "differences": dict(counts),
                "first": vars(mismatches[0]) if mismatches else None,
            }
        )
    size = counted(len(images.labels), "image")
    if spikes is not None:
        size = counted(spikes, "hidden spike")
    say(f"{printable(net)} on {specification.name} against golden, {images.source}: {size}")
    if mismatches:
        named = ", ".join(f"{count} in {what}" for what, count in counts.items())
        say(f"The first of {len(mismatches)} differences ({named}):\n{mismatches[0]}")
        return 1
    what = ["decisions", "spike counts"]
    if spikes is not None:
        what.insert(0, "spikes")
    cycles = comparison.expected.cycles
    if cycles is not None and np.all(cycles != UNCOUNTED):
        what.append("clock cycles")
        if clock:
            say(table(timing_rows(summary)))
    say(f"0 differences in {', '.join(what[:-1])} and {what[-1]}")
    return 0


@dataclass(frozen=True, eq=False)
class Share:
    """A part of the images that are compared on simulated hardware."""

    specification: Specification
    network: Network
    ticks: np.ndarray
    pixels: np.ndarray | None


def compared_share(share: Share) -> Comparison:
    """Compare some of the images."""
    with share.specification.open("network", share.network) as ready:
        return compared(ready, share.ticks, share.pixels)


def compared_in_shares(
    work: "Shares",
    specification: Specification,
    network: Network,
    ticks: np.ndarray,
    pixels: np.ndarray | None,
) -> Comparison:
    """Compare as `compared` does, distributed, on simulated hardware.

    Images must not overlap: each starts in an empty core, and depends on no earlier image.
    """
    parts = [slice(first, first + IMAGES) for first in range(0, len(ticks), IMAGES)]
    tasks = [
        Share(specification, network, ticks[part], None if pixels is None else pixels[part])
        for part in parts
    ]
    done = dict(work.results(compared_share, tasks, f"shares of {IMAGES} images"))
    expected = joined([done[task].expected for task in tasks])
    found = joined([done[task].found for task in tasks])
    return Comparison(expected, found, list(differences(expected, found)))
