# SPDX-License-Identifier: BSD-2-Clause
"""The comparison of a simulated core with the golden model in shares of images."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from firstspike.golden.network import Network
from firstspike.golden.results import joined

from .shares import Shares
from .targets import opened
from .targets.comparison import Comparison, compared

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
