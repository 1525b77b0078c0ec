# SPDX-License-Identifier: BSD-2-Clause
"""A target that simulates the generated hardware cycle by cycle with Verilator.

The benches of the link and of learning are imported when they run: a comparison needs neither.
"""

from typing import TYPE_CHECKING

import numpy as np

from firstspike.golden import LearningState, Results, Settings
from firstspike.sim.benches.core.run import simulate

from . import golden, target

if TYPE_CHECKING:
    from firstspike.hdl.link.protocol.messages import Counts


class Target(golden.Target):
    """A simulated core."""

    grid = target.Target.grid
    counts = True

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Simulate the core."""
        return simulate(self.network, ticks, self.folding, pixels)

    def play(self, ticks: np.ndarray, rounds: int) -> "tuple[Results, Counts]":
        """Simulate the core with its link and a memory for the given number of images."""
        from firstspike.hdl.link.protocol.identity import linked_config
        from firstspike.sim.benches.link.playing import played

        from .linked import expected_of_played

        config = linked_config(self.network, self.shape)
        expected = expected_of_played(self.network, config, ticks)
        return expected, played(self.network, config, ticks, expected, rounds)

    def learned(
        self, state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings
    ) -> Results:
        """Simulate the core that learns."""
        from firstspike.sim.benches.core.learning import learn_on_rtl

        return learn_on_rtl(state, ticks, labels, settings, self.folding)
