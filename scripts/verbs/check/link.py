# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check link`: checks that the link drops all hostile and damaged frames."""

from collections import Counter

import click

from firstspike.golden.system.progress import bar
from firstspike.scripts.options import number_option
from firstspike.scripts.output import say, table
from firstspike.scripts.paths import Verb


@click.command(cls=Verb)
@number_option("--frames", default=100_000, help="Send N hostile frames.")
@click.option(
    "--bit-by-bit",
    "bits",
    is_flag=True,
    help="Send them bit by bit through the UART, with framing errors and breaks.",
)
def command(frames: int, bits: bool) -> int:
    """Send hostile frames to the simulated link, and a good frame after each.

    No hostile frame may change a weight, hang the link, or cost the next good frame. At the level
    of bytes the command also checks the board's count of dropped frames and their causes. The exit
    status is 1 if a frame did harm.

    Example: firstspike check link --frames 2000
    """
    from firstspike.sim.benches.link.fuzz import BATCH, HARMS, fuzz
    from firstspike.sim.harness.runner import check_tools

    check_tools()
    sent, kinds = 0, Counter[str]()
    harmful: list[tuple[str, str, str]] = []
    with bar(total=frames, unit="frame") as shown:
        while sent < frames and not harmful:
            count = min(BATCH, frames - sent)
            findings = fuzz(f"1.{sent // BATCH}", count, bits=bits)
            sent += findings.frames
            harmful += findings.harmful
            kinds.update(findings.kinds)
            shown.update(findings.frames)
    say(table(sorted(kinds.items())))
    for kind, content, what in harmful:
        say(f"{kind}: {what}, after {content}")
    for what in HARMS:
        say(f"{sum(what in harm for *_, harm in harmful)} of {sent}: {what}")
    return int(bool(harmful))
