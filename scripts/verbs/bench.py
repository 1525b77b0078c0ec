# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike bench`: measures how fast a design decides images in its own memory."""

from typing import Any

import click

from firstspike.boards.families.pll import MHZ
from firstspike.golden import load_network
from firstspike.golden.foreign.printable import printable
from firstspike.golden.timing.overlapped import run_overlapped
from firstspike.hdl.link.handlers.player import CYCLES_BESIDES
from firstspike.hdl.link.protocol.folding import bitmap_bits
from firstspike.scripts.errors import VerbError
from firstspike.scripts.options import (
    Number,
    design_options,
    netlist_options,
    number_option,
    port_options,
    target_option,
)
from firstspike.scripts.output import json_option, json_result, say
from firstspike.scripts.paths import NetworkName
from firstspike.scripts.progress import bars
from firstspike.scripts.selection import SelectionCommand, select, selection_options
from firstspike.scripts.targets import opened


@click.command(cls=SelectionCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@selection_options
@number_option(
    "--rounds", default=10, type=click.IntRange(1, 65535), help="Play each image N times."
)
@click.option(
    "--clock",
    type=Number(min=1),
    metavar="MHz",
    help="Give images per second at this clock.  [default: that of the build, or of the board]",
)
@target_option(
    ("rtl", "netlist", "board"),
    "Let this decide the images: the simulated core, a synthesised netlist, or a board.",
)
@design_options
@port_options
@netlist_options
@json_option
def command(
    net: str,
    rounds: int,
    clock: float | None,
    target: str,
    json_path: str | None,
    **options: Any,
) -> int:
    """Let a design decide images that it holds, as fast as its core takes them.

    The images go over the link once, each with the decision of the golden model; then they go
    through the core round after round, without the link, and the hardware counts clock cycles,
    decisions, and those of another class or tick. A difference makes the exit status 1. The design
    of a board, and its synthesised netlist, hold images if built by --bench.

    Example: firstspike bench mnist-4bit --lanes 64 --images 64 --clock 75
    """
    network = load_network(net)
    images = select(network, {**options, "bitmap": None})
    if target == "rtl" and network.takes_bitmap:
        options["bitmap"] = bitmap_bits(options["rows"] or 1)
    with json_result(json_path) as write, opened(target, net, network, options, bars()) as ready:
        ticks, held = images.ticks, ready.bench_images
        if held == 0 or (held is not None and options["images"] and len(ticks) > held):
            raise VerbError(
                f"the design holds {held} images to play: build it by --bench {len(ticks)}, or "
                "play as many as it holds."
            )
        ticks = ticks[:held]
        expected, counts = ready.play(ticks, rounds)
        assert expected.cycles is not None  # the golden model has the cycles of bitmaps
        alone = float(expected.cycles.mean())
        hz = ready.hz if clock is None else clock * MHZ
        each = counts.cycles / counts.decisions
        write(
            {
                "images": len(ticks),
                "rounds": rounds,
                **counts._asdict(),
                "alone": alone,
                "clock": hz,
                "rate": None if hz is None else hz / each,
            }
        )
    say(
        f"{printable(net)} on {target}, {len(ticks)} images, {rounds} times: "
        f"{counts.decisions} decisions"
    )
    say(
        f"{counts.cycles} clock cycles, {each:.2f} an image; golden's mean of an image alone is "
        f"{alone:.1f}"
    )
    if hz is not None:
        say(f"{hz / each:.0f} images per second at {hz / MHZ:g} MHz")
    say(f"{counts.differences} differences to golden in class and tick")
    late = 0
    if ready.folding.overlaps:
        seen = network.connected()
        _, decided = run_overlapped(seen, ticks, expected, ready.folding, rounds)
        late = counts.cycles - CYCLES_BESIDES - int(decided[-1])
        say(f"{late} clock cycles more than golden's")
    return int(bool(counts.differences or late or counts.decisions != rounds * len(ticks)))
