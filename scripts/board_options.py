# SPDX-License-Identifier: BSD-2-Clause
"""Options of designs for boards; these imports are slow and need the extra `hdl`."""

from typing import Any

import click

from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.sound.microphones import MICROPHONES
from firstspike.hdl.link.protocol.formats import MAX_BENCH_IMAGES
from firstspike.hdl.link.protocol.lines import Line

from .options import Choice, Decorator, learn_option

BENCH_IMAGES = 64
"""Default number of images that a design stores: two block RAMs of an ECP5 for MNIST."""

bench_option = click.option(
    "--bench",
    "bench_images",
    is_flag=False,
    flag_value=BENCH_IMAGES,
    default=0,
    show_default=False,
    type=click.IntRange(0, MAX_BENCH_IMAGES),
    metavar="[N]",
    help=f"Let the design hold N images, which `compare --rounds` plays; without N it holds "
    f"{BENCH_IMAGES}.",
)

line_option = click.option(
    "--link",
    "line",
    type=Choice([line.value for line in Line]),
    default=Line.UART.value,
    callback=lambda ctx, parameter, line: Line(line),
    help="Connect the host by these wires. docs/link.md says what SPI asks of a host.",
)

teach_option = learn_option(
    "--teach",
    more=" With a microphone the board learns words of its owner, and a stored weight always has "
    f"{MAX_STORED_BITS} bits.",
)


def sensor_option(meaning: str, *more: str, **settings: Any) -> Decorator:
    """Return the option --sensor for a kind of microphone, or one of `more` sensors."""
    kinds = Choice([*MICROPHONES, *more])
    return click.option("--sensor", type=kinds, help=meaning, **settings)
