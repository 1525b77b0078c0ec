# SPDX-License-Identifier: BSD-2-Clause
"""The golden model as a target; its cycles are those of the generated core."""

from dataclasses import replace
from typing import Any

import numpy as np

from firstspike.golden import Network, Results, infer
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape

from . import target


class Target(target.Target):
    """The integer model."""

    grid = 500
    counts = False

    def __init__(self, net: str, network: Network, shape: CoreShape) -> None:
        super().__init__(net, network)
        self.shape, self.folding = shape, Folding.of(network, shape)
        self.counts |= shape.lanes is not None

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Return the expected results."""
        return self.expected(ticks, pixels)

    def expected(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Return expected results, with cycles unless neurons spike several times (no hardware)."""
        from firstspike.golden.timing.cycles import cycles  # importing numba is slow
        from firstspike.golden.timing.overlapped import overlapped_cycles

        inference = infer(self.network, ticks)
        if self.network.max_spikes > 1:
            return inference
        if self.folding.overlaps:
            return overlapped_cycles(self.network, ticks, inference, self.folding)
        counts = cycles(self.network, ticks, inference, self.folding, pixels)
        return replace(inference, cycles=counts)

    def learned(self, *_: Any) -> Results | None:
        """Return None: `learn` uses the results of the golden model."""
        return None

    def counted(self, ticks: np.ndarray, learned: Results, last_layer: bool) -> Results:
        """Add the cycles of the generated core."""
        from firstspike.golden.timing.learning_cycles import learning_cycles

        return learning_cycles(self.network, ticks, learned, self.folding, last_layer=last_layer)
