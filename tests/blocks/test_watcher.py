# SPDX-License-Identifier: BSD-2-Clause
"""A MotionSensor with a core behind: from the wires of the part to decisions."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import cocotb
import numpy as np
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import Out

from firstspike.golden import Network, Results, differences, encode, infer
from firstspike.golden.front_ends import motion_of
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.ports import decision_layout
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.motion.lsm6dso import SILENT_SECONDS
from firstspike.hdl.motion.watcher import Watcher
from firstspike.hdl.standalone.motion import ABSENT, MotionSensor
from firstspike.sim.benches.core.outcome import CoreOutcome, results_of
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.runner import Simulation, SimulationError
from firstspike.sim.harness.streams import BlockBench, Dut, StreamSink
from tests.blocks.test_lsm6dso import CLOCK_HZ, Part
from tests.support.moving import FRONT, movement, small_network
from tests.support.simulators import refused

QUIET = round(SILENT_SECONDS * CLOCK_HZ)
"""Cycles without a sample in which the part does not count as stopped."""

PATIENCE = 100_000
"""Cycles in which a sample is read: the part is found and configured in fewer."""


def test_decisions_from_the_wires_of_the_part():
    assert len(example().decision) == 7


def test_impossible_watchers_are_refused():
    plain = network_of([np.ones((4, 2), np.int32)], [1])
    refused(lambda: Watcher(plain), "does not watch motion: train one as examples")
    three = small_network(replace(FRONT, downs=(6, 6, 6)))
    refused(lambda: MotionSensor(three, 10**6), "the network watches 3 axes: an LSM6DSO gives 6")


def example(
    simulator: str = "verilator", seed: int = 1, frames: Sequence[int] = (12, 5)
) -> Results:
    """Watch recordings of a few frames."""
    # With this seed some changes are so near a bound of a pixel that a small error shows.
    network, rng = small_network(), np.random.default_rng(22)
    recordings = [movement(FRONT, count * FRONT.frame, rng) for count in frames]
    folding = Folding.of(network, CoreShape(lanes=2))
    return simulate(network, folding, recordings, simulator, seed)


def simulate(
    network: Network,
    folding: Folding,
    recordings: list[np.ndarray],
    simulator: str = "verilator",
    seed: int = 1,
) -> Results:
    """Let a part give recordings, int16 [n, axes] each, and hold decisions against golden.

    Raises SimulationError at the first difference.
    """
    arguments = SimpleNamespace(recordings=recordings, tail=10 * Watcher.latency(network))
    simulation = Simulation.of(Wrist(network, folding), simulator)
    payloads = simulation.run(__name__, arguments, seed=seed)
    front = motion_of(network)
    pictures = np.concatenate([front.pictures(x) for x in recordings])
    if len(payloads) != len(pictures):
        raise SimulationError(f"there are {len(payloads)} decisions, expected {len(pictures)}.")
    outcome = CoreOutcome(decisions=list(enumerate(payloads)), answers=[], logs=[])
    results = results_of(CoreConfig.of(network, folding), outcome, len(pictures))
    flat = pictures.reshape(len(pictures), -1)
    for difference in differences(infer(network, encode(network, flat)), results):
        raise SimulationError(str(difference))
    return results


@cocotb.test()
async def moves(dut):
    """Play all recordings, and report the decisions."""
    bench = await WristBench(dut).start()
    bench.part.start()
    for x in bench.arguments.recordings:
        await bench.give(x)
    await bench.domain.cycles(bench.arguments.tail)  # until the last decision
    report([payload for _, payload in bench.decisions.received])


class WristBench(BlockBench):
    """A part at the wires, and the decisions."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        wires = (getattr(dut, f"sensor_{name}") for name in ("cs", "sck", "mosi", "miso"))
        self.part = Part(*wires)
        self.decisions = self.sink("decision", kind=StreamSink)
        self.drive(counters_sampled=0)

    async def give(self, x: np.ndarray) -> None:
        """Let the part come, give all samples, which are counted, and go."""
        self.part.begin()
        assert await self.domain.until(lambda: self.part.configured, PATIENCE)
        for values in x.tolist():
            await self.part.give(values, PATIENCE)
            assert await self.domain.until(self.counts, PATIENCE)
            assert not self.dut.fault.value
        await self.domain.cycles(QUIET)
        assert self.counts()
        assert not self.dut.fault.value
        self.part.present = False
        assert await self.domain.until(lambda: self.dut.fault.value == ABSENT, PATIENCE)

    def counts(self) -> bool:
        """Whether the sensor counts all samples that the part has given."""
        return self.dut.counted.value == self.part.sample_count


class Wrist(Block):
    """A MotionSensor and a core of a network of motion, as a board has them.

    Parameters: `network`, and its `folding`.
    """

    def __init__(self, network: Network, folding: Folding) -> None:
        self._weights = network.weights
        self._config = CoreConfig.of(network, folding)
        self._sensor = MotionSensor(network, CLOCK_HZ)
        members = self._sensor.signature.members
        self._connected = {
            name: members[name] for name in members if name not in ("events", "reportable")
        }
        super().__init__(
            **self._connected,
            decision=Out(stream.Signature(decision_layout(self._config.layers[-1]))),
        )

    def build(self, m: Module) -> None:
        """Put both into the module, and connect them."""
        m.submodules.sensor = sensor = self._sensor
        m.submodules.core = core = Core(self._config, self._weights)
        wiring.connect(m, sensor.events, core.events)
        join(m, wiring.flipped(self), sensor, *self._connected)
        join(m, wiring.flipped(self), core, "decision")
