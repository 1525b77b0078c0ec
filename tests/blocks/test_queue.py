# SPDX-License-Identifier: BSD-2-Clause
"""The SpikeQueue in simulation, cycle by cycle against its model."""

import pytest

from firstspike.hdl.lib.queue import SpikeQueue
from firstspike.sim.benches import queue
from firstspike.sim.harness.runner import SimulationError
from tests.support.broken_queues import BROKEN
from tests.support.refused import refused
from tests.support.simulators import BothSimulators

both_simulators = BothSimulators()


@pytest.mark.parametrize("parameters", [(16, 10, 40), (3, 5, 7)])
def test_queue_for_long(parameters):
    queue.simulate(SpikeQueue(*parameters))


@both_simulators(
    ["parameters"], [((16, 10, 40),), ((3, 5, 7),), ((1, 1, 1),), ((1, 3, 4),), ((2, 8, 1),)]
)
def test_queue(simulator, parameters):
    queue.simulate(SpikeQueue(*parameters), simulator=simulator, amount=2000)


@pytest.mark.parametrize("broken", BROKEN)
def test_bench_fails_for_a_broken_queue(broken):
    with pytest.raises(SimulationError, match="lockstep: cycle"):
        queue.simulate(broken(4, 4, 6), amount=40_000)


@pytest.mark.parametrize("parameters", [(0, 4, 8), (4, 4, 0)])
def test_impossible_queues_are_refused(parameters):
    refused(lambda: SpikeQueue(*parameters), "at least 1 key and 1 place")


test_all_on_icarus = both_simulators.on_icarus()
