# SPDX-License-Identifier: BSD-2-Clause
"""Common parts of targets with a link."""

from dataclasses import replace

import numpy as np

from firstspike.golden import Network, Results, infer
from firstspike.golden.results import UNCOUNTED
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.messages import goes_as_bitmap

from . import target
from .errors import TargetError


class LinkedTarget(target.Target):
    """A core with a link and its own folding, which needs no pixels."""

    config: CoreConfig

    def expected(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Return expected results, without cycles for images sent as events at the link's pace."""
        return _expected(self.network, self.config, ticks)

    def counted(self, ticks: np.ndarray, learned: Results, last_layer: bool) -> Results:
        """Add the cycles of a core that has only the connected inputs.

        Images sent as events have none, because they arrive at the link's pace.
        """
        seen = self.network.connected()
        counted = learning_cycles(seen, ticks, learned, self.folding, last_layer=last_layer)
        bitmaps = goes_as_bitmap(self.config, ticks)
        assert counted.cycles is not None
        assert counted.turnaround is not None
        return replace(
            counted,
            cycles=np.where(bitmaps, counted.cycles, UNCOUNTED),
            turnaround=np.where(bitmaps, counted.turnaround, UNCOUNTED),
        )


def _expected(network: Network, config: CoreConfig, ticks: np.ndarray) -> Results:
    """Return expected results of images, int [n, n_rows], for a core with a link."""
    inference = infer(network, ticks)
    counts = np.full(len(ticks), UNCOUNTED)
    bitmaps = goes_as_bitmap(config, ticks)
    if bitmaps.any():
        connected, bitmap_ticks = network.connected(), ticks[bitmaps]
        inferred = inference.select(bitmaps)
        counts[bitmaps] = cycles(connected, bitmap_ticks, inferred, config.folding)
    return replace(inference, cycles=counts)


def expected_of_played(network: Network, config: CoreConfig, ticks: np.ndarray) -> Results:
    """Return expected results of images that are played.

    Raises TargetError unless all of them can be bitmaps.
    """
    if not goes_as_bitmap(config, ticks).all():
        raise TargetError(
            "images that are played go as bitmaps, whose bright pixels all spike at one tick and "
            "whose dark ones never do: take a network, and images, of that kind."
        )
    return _expected(network, config, ticks)
