# SPDX-License-Identifier: BSD-2-Clause
"""A core on a bus as `benches.bus.run` has it, on the simulator of the tests."""

from typing import Any

import numpy as np

from firstspike.golden import Features, Network
from firstspike.sim.benches.bus import run
from firstspike.sim.benches.bus.bench import BusOutcome
from firstspike.sim.harness.networks import network_of
from tests.support.simulators import EITHER

DRIVER_BENCH = "firstspike.sim.benches.bus.driver"


def raw_network() -> Network:
    """Return a network of pixels and complements, whose pixels do not fill the last beat."""
    rng = np.random.default_rng(4)
    return network_of(
        (rng.integers(-30, 90, (60, 12)), rng.integers(-60, 120, (12, 4))),
        (500, 200),
        bits=8,
        deadline=60,
        encoding="levels-8",
        inputs=np.sort(rng.choice(76, 60, replace=False)),
        n_inputs=76,
        features=Features(None, complement=True),
    )


class BusRun(run.BusRun):
    """A core of a network on a bus, on either simulator."""

    def run(self, test: str, *, simulator: str = EITHER, **given: Any) -> BusOutcome:
        """Run a test of a bench; `given` are fields of its Parameters, and the bench."""
        return super().run(test, simulator=simulator, **given)
