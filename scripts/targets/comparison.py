# SPDX-License-Identifier: BSD-2-Clause
"""Compares a target with the golden model, for `firstspike compare` and `firstspike.compare`."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from firstspike.golden.encoding import bitmap_pixels, encode
from firstspike.golden.results import Difference, Results, differences
from firstspike.golden.shipped import NetworkSource, load_network
from firstspike.golden.system.errors import check_names, quoted, remedy
from firstspike.golden.system.extras import needed

from .errors import TargetError
from .specifications import BUILT, OPTIONS, TARGETS, take_target
from .target import Target


@dataclass(frozen=True, eq=False)
class Comparison:
    """The results of images on a target and in the golden model; true if they are equal.

    `str` returns a sentence for each difference.
    """

    expected: Results
    """The results of the golden model."""
    found: Results
    """The results of the target."""
    differences: list[Difference]
    """Differences of all figures that the target reports; empty if they are equal."""

    def __repr__(self) -> str:
        n, compared = len(self.differences), len(self.expected)
        return f"Comparison({compared} images, {n} differences)"

    def __bool__(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        return "\n".join(map(str, self.differences)) or "equal"


def compared(ready: Target, ticks: np.ndarray, pixels: np.ndarray | None) -> Comparison:
    """Run images, as `Target.run` accepts them, on an open target."""
    results = ready.run(ticks, pixels)
    expected = ready.expected(ticks, pixels)
    return Comparison(expected, results, list(differences(expected, results)))


@needed()
def compare(
    network: NetworkSource,
    samples: Any,
    target: str = "rtl",
    **options: Any,
) -> Comparison:
    """Compare a target with the golden model: every spike, decision, spike count and clock cycle.

    `network` is as `load_network` accepts it, `samples` as `encode` accepts them. The targets and
    their options are those of the command: "rtl" with `lanes` (a number, or a tuple with one per
    layer), `window`, `bitmap`, `rows` and `overlap`, simulated on Verilator; "board" with `port`
    and `baud`; "netlist", "routed" and "bitstream" with `board` and `build`, where `firstspike
    build` has put them. Returns a `Comparison`, which is true if the
    results are equal and lists the `differences`; `str` returns a sentence for each.

    Raises ValueError for invalid arguments, ParameterNameError (a TypeError) for an unknown option,
    MissingPackageError without the extra of the target,
    and the errors of the target.
    """
    check_names(options, OPTIONS, "option of a target")
    if target not in (targets := TARGETS[1:] + BUILT):
        raise TargetError(f"there is no target {quoted(target)}: {remedy(target, targets)}")
    name = os.fspath(network) if isinstance(network, str | os.PathLike) else "network"
    network = load_network(network)
    ticks = encode(network, samples)
    pixels = bitmap_pixels(network, samples)
    with take_target(target, options).open(name, network) as ready:
        return compared(ready, ticks, pixels)
