"""The generated hardware as a target, cycle by cycle on Verilator."""

import numpy as np

from firstspike.golden import LearningState, Results, Settings
from firstspike.sim.benches.core.learning import learn_on_rtl
from firstspike.sim.benches.core.run import simulate

from . import golden, target


class Target(golden.Target):
    """A simulated core."""

    grid = target.Target.grid
    counts = True
    simulated = True

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Simulate the core."""
        return simulate(self.network, ticks, self.folding, pixels)

    def learned(
        self, state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings
    ) -> Results:
        """Simulate the core that learns."""
        return learn_on_rtl(state, ticks, labels, settings, self.folding)
