# SPDX-License-Identifier: BSD-2-Clause
"""Bench of a MotionSensor with a core behind: from the wires of the part to decisions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import Out

from firstspike.golden import Network, Results, differences, encode, infer
from firstspike.golden.front_ends import motion_of
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.alone.motion import ABSENT, MotionSensor
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.ports import decision_layout
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.motion.watcher import Watcher
from firstspike.sim.benches.core.outcome import CoreOutcome, results_of
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.runner import Simulation, SimulationError
from firstspike.sim.harness.streams import Dut, StreamSink
from firstspike.sim.harness.verilog import verilog_of

from .lsm6dso import CLOCK_HZ
from .part import Part

TOP = "wrist"

PATIENCE = 100_000
"""Cycles in which a sample is read: the part is found and configured in fewer."""


class Wrist(Block):
    """A MotionSensor and a core of a network of motion, as a board has them.

    Parameters: `network`, and its `folding`.
    """

    def __init__(self, network: Network, folding: Folding) -> None:
        self._weights = network.weights
        self._config = CoreConfig.of(network, folding)
        self._sensor = MotionSensor(network, CLOCK_HZ)
        members = self._sensor.signature.members
        self._passed = {name: members[name] for name in members if name not in ("events", "tells")}
        super().__init__(
            **self._passed,
            decision=Out(stream.Signature(decision_layout(self._config))),
        )

    def build(self, m: Module) -> None:
        """Put both into the module, and connect them."""
        m.submodules.sensor = sensor = self._sensor
        m.submodules.core = core = Core(self._config, self._weights)
        wiring.connect(m, sensor.events, core.events)
        join(m, wiring.flipped(self), sensor, *self._passed)
        join(m, wiring.flipped(self), core, "decision")


@dataclass(frozen=True)
class WristParameters:
    """What the bench is told."""

    recordings: list[np.ndarray]
    """Samples int16 [n, axes] each; the part is away in front of each one."""
    tail: int
    """Cycles after the last sample, in which the last decision comes."""


def simulate(
    network: Network,
    folding: Folding,
    recordings: list[np.ndarray],
    *,
    simulator: str = "verilator",
    waves: Any = None,
    seed: int = 1,
) -> Results:
    """Let a part give recordings, int16 [n, axes] each, and hold decisions against golden.

    Raises SimulationError at the first difference.
    """
    simulation = Simulation(verilog_of(Wrist(network, folding), TOP), TOP, simulator, waves)
    tail = 10 * Watcher.latency(network)
    payloads = simulation.run(__name__, WristParameters(recordings, tail), seed=seed)
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


class WristBench(BlockBench):
    """A part at the wires, and the decisions."""

    Given = WristParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        wires = (getattr(dut, f"sensor_{name}") for name in ("cs", "sck", "mosi", "miso"))
        self.part = Part(*wires)
        self.decisions = self.sink("decision", kind=StreamSink)
        self.drive(taken=0)

    async def give(self, x: np.ndarray) -> None:
        """Let the part come, give all samples, which are counted, and go."""
        self.part.begin()
        assert await self.domain.until(lambda: self.part.configured, PATIENCE)
        for values in x.tolist():
            await self.part.give(values, PATIENCE)
        await self.domain.cycles(self.given.tail)
        assert self.dut.fault.value != ABSENT
        assert self.dut.counted.value == self.part.taken
        self.part.present = False
        assert await self.domain.until(lambda: self.dut.fault.value == ABSENT, PATIENCE)


@bench_test(WristBench)
async def moves(bench):
    """All recordings; reports the decisions."""
    bench.part.start()
    for x in bench.given.recordings:
        await bench.give(x)
    return [payload for _, payload in bench.decisions.received]
