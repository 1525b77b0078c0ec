# SPDX-License-Identifier: BSD-2-Clause
"""A target against the golden model: what `firstspike compare` and `firstspike.compare` share."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from firstspike.golden.encoding import bitmap_pixels, encode
from firstspike.golden.network import Network, load_network
from firstspike.golden.results import Difference, Results, differences, joined

from .errors import VerbError
from .shares import Shares
from .targets import BUILT, TARGETS, opened
from .targets.target import Target


@dataclass(frozen=True, eq=False)
class Comparison:
    """Images on a target, and what golden says of them."""

    expected: Results
    found: Results
    differences: list[Difference]


def compared(ready: Target, ticks: np.ndarray, pixels: np.ndarray | None) -> Comparison:
    """Run images, as `Target.run` takes them, on an opened target."""
    found = ready.run(ticks, pixels)
    expected = ready.expected(ticks, pixels)
    return Comparison(expected, found, list(differences(expected, found)))


IMAGES = 500
"""Of a share: some times as long as it takes to begin one."""


@dataclass(frozen=True, eq=False)
class Share:
    """Some of the images that are compared on simulated hardware."""

    network: Network
    hardware: dict[str, Any]
    """The options of the target."""
    first: int
    """The number of the first of them."""
    ticks: np.ndarray
    pixels: np.ndarray | None


def compared_share(share: Share) -> Comparison:
    """Compare some of the images."""
    with opened("rtl", "network", share.network, share.hardware) as ready:
        comparison = compared(ready, share.ticks, share.pixels)
    placed = [
        one if one.image is None else replace(one, image=share.first + one.image)
        for one in comparison.differences
    ]
    return replace(comparison, differences=placed)


def compared_in_shares(
    work: Shares,
    network: Network,
    hardware: Mapping[str, Any],
    ticks: np.ndarray,
    pixels: np.ndarray | None,
) -> Comparison:
    """The same as `compared` with simulated hardware, whose options these are, in shares of images.

    Images must not overlap: each then begins in an empty core, and knows nothing of the one before.
    """
    tasks = [
        Share(
            network,
            dict(hardware),
            first,
            ticks[first : first + IMAGES],
            None if pixels is None else pixels[first : first + IMAGES],
        )
        for first in range(0, len(ticks), IMAGES)
    ]
    what = f"shares of {IMAGES} images"
    found = {task.first: one for task, one in work.results(compared_share, tasks, what)}
    parts = [found[task.first] for task in tasks]
    return Comparison(
        joined([part.expected for part in parts]),
        joined([part.found for part in parts]),
        [one for part in parts for one in part.differences],
    )


def compare(
    network: Network | str | os.PathLike[str],
    samples: Any,
    target: str = "rtl",
    *,
    lanes: int | None = None,
    window: int | None = None,
    bitmap: int | None = None,
    rows: int | None = None,
    overlap: bool | None = None,
    port: str | None = None,
    baud: int | None = None,
    board: str | None = None,
    build: str | os.PathLike[str] | None = None,
) -> list[Difference]:
    """Compare a target with the golden model: every spike, decision, statistic and clock cycle.

    `network`: itself, its file, or the name of one that comes with the package; `samples` as
    `encode` takes them. The targets and their options are those of the command: "rtl" with `lanes`,
    `window`, `bitmap`, `rows` and `overlap`, simulated on Verilator; "board" with `port` and
    `baud`; "netlist" with `board` and `build`, where `firstspike build` has put it. Returns the
    differences, none if they are equal; `str` makes a sentence of each.

    Raises ValueError for what does not fit, and the errors of what runs it.
    """
    if target not in (*TARGETS[1:], *BUILT):
        raise VerbError(f"there is no target {target!r}: give {', '.join(TARGETS[1:] + BUILT)}.")
    name = "network" if isinstance(network, Network) else os.fspath(network)
    if not isinstance(network, Network):
        network = load_network(network)
    ticks = encode(network, samples)
    pixels = bitmap_pixels(network, samples)
    options = {
        "lanes": lanes,
        "window": window,
        "bitmap": bitmap,
        "rows": rows,
        "overlap": overlap,
        "port": port,
        "baud": baud,
        "board": board,
        "build": None if build is None else Path(build),
    }
    try:
        with opened(target, name, network, options) as ready:
            return compared(ready, ticks, pixels).differences
    except click.ClickException as error:
        raise VerbError(error.message.replace("--", "")) from None
