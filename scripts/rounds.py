# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike compare --rounds`: images that a design stores and decides without the link."""

from dataclasses import replace

from firstspike.boards.families.pll import MHZ
from firstspike.golden import Network
from firstspike.golden.foreign.printable import printable
from firstspike.golden.timing.overlapped import run_overlapped
from firstspike.hdl.link.handlers.player import CYCLES_BESIDES
from firstspike.hdl.link.protocol.folding import bitmap_bits

from .errors import VerbError
from .output import json_result, say
from .progress import bars
from .selection import Selection
from .targets.specifications import Rtl, Specification


def compare_rounds(
    net: str,
    network: Network,
    images: Selection,
    target: Specification,
    rounds: int,
    clock: float | None,
    json_path: str | None,
    *,
    at_most: bool,
) -> int:
    """Let a target decide the images that it stores, print counts, and return the exit status.

    `net` is the name of the network. `clock` is in MHz, None for that of the design. Raises
    `VerbError` if the target stores fewer images, unless they are `at_most` as many.
    """
    if isinstance(target, Rtl) and network.takes_bitmap:
        bitmap = bitmap_bits(target.shape.rows or 1)
        target = replace(target, shape=replace(target.shape, bitmap=bitmap))
    with json_result(json_path) as write, target.open(net, network, bars()) as ready:
        ticks, held = images.ticks, ready.bench_images
        if held == 0 or (held is not None and not at_most and len(ticks) > held):
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
        f"{printable(net)} on {target.name}, {len(ticks)} images, {rounds} times: "
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
        connected = network.connected()
        _, decided = run_overlapped(connected, ticks, expected, ready.folding, rounds)
        late = counts.cycles - CYCLES_BESIDES - int(decided[-1])
        say(f"{late} clock cycles more than golden's")
    return int(bool(counts.differences or late or counts.decisions != rounds * len(ticks)))
