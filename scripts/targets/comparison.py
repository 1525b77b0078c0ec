# SPDX-License-Identifier: BSD-2-Clause
"""Compares a target with the golden model, for `firstspike compare` and `firstspike.compare`."""

import os
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from firstspike.golden.encoding import bitmap_pixels, encode
from firstspike.golden.network import Network
from firstspike.golden.networks.shipped import load_network
from firstspike.golden.results import Difference, Results, differences

from . import BUILT, TARGETS, opened
from .errors import TargetError
from .options import Options
from .target import Target


@dataclass(frozen=True, eq=False)
class Comparison:
    """Images on a target, and the results of the golden model."""

    expected: Results
    found: Results
    differences: list[Difference]


def compared(ready: Target, ticks: np.ndarray, pixels: np.ndarray | None) -> Comparison:
    """Run images, as `Target.run` accepts them, on an open target."""
    found = ready.run(ticks, pixels)
    expected = ready.expected(ticks, pixels)
    return Comparison(expected, found, list(differences(expected, found)))


def compare(
    network: Network | str | os.PathLike[str],
    samples: Any,
    target: str = "rtl",
    **options: Unpack[Options],
) -> list[Difference]:
    """Compare a target with the golden model: every spike, decision, statistic and clock cycle.

    `network`: a `Network`, its file, or the name of one in the package; `samples` as `encode`
    accepts them. The targets and their options are those of the command: "rtl" with `lanes` (a
    number, or a tuple with one per layer), `window`, `bitmap`, `rows` and `overlap`, simulated on
    Verilator; "board" with `port` and `baud`; "netlist", "routed" and "bitstream" with `board` and
    `build`, where `firstspike build` has put them. Returns the differences, none if they are equal;
    `str` makes a sentence of each.

    Raises ValueError for invalid arguments, and the errors of the target.
    """
    if unknown := options.keys() - Options.__annotations__.keys():
        raise TypeError(
            f"{min(unknown)} is no option of a target: {', '.join(Options.__annotations__)} are."
        )
    if target not in (*TARGETS[1:], *BUILT):
        raise TargetError(f"there is no target {target!r}: give {', '.join(TARGETS[1:] + BUILT)}.")
    name = "network" if isinstance(network, Network) else os.fspath(network)
    if not isinstance(network, Network):
        network = load_network(network)
    ticks = encode(network, samples)
    pixels = bitmap_pixels(network, samples)
    with opened(target, name, network, options) as ready:
        return compared(ready, ticks, pixels).differences
