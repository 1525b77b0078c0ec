# SPDX-License-Identifier: BSD-2-Clause
"""Quick checks of small cores on Amaranth's simulator, and of other designs on Verilator.

Each check is designed so that some faults in the hardware change its results.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from firstspike.golden import LearningState, Results, Settings, differences, encode, infer, learn
from firstspike.golden.layers.registry import geometry_of, layers_of
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.overlapped import overlapped_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flow.verilog import convert
from firstspike.sim.direct import learn_directly, simulate_directly
from firstspike.sim.formal.catalogue import PROOFS
from firstspike.sim.formal.proofs import ProofError
from firstspike.sim.formal.sat import no_progress
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import AbortedError, SimulationError
from firstspike.sim.harness.verilog import conversion

from .targets import TARGETS

UNIT, DEADLINE = 4, 27


@dataclass(frozen=True)
class _Check(ABC):
    """A small core, and what it is to do besides."""

    name: str
    sizes: tuple[int, ...]
    lanes: int
    window: int

    def failure(self) -> str:
        """Return how the core differs from the golden model, "" if it does not."""
        try:
            expected, found = self.results()
        except SimulationError as error:
            return str(error)
        return str(next(differences(expected, found), ""))

    @abstractmethod
    def results(self) -> tuple[Results, Results]:
        """Return golden's results and the core's. Raises SimulationError where the core hangs."""


@dataclass(frozen=True)
class Check(_Check):
    """Images through a small core, on Amaranth's simulator, against the golden model."""

    bitmap: int | None = None
    rows: int = 1
    overlap: bool = False
    one_tick: bool = False
    extreme: bool = False
    """Weights and spikes that drive S and M as far down as they go."""

    def results(self) -> tuple[Results, Results]:
        """Return the results of ten images."""
        rng = np.random.default_rng(1)
        weights = random_weights(rng, self.sizes, -4, 8)
        if self.extreme:
            weights[0] = np.full(self.sizes[:2], -8)
        thresholds = range(6, 6 + len(weights))
        network = network_of(weights, thresholds, unit=UNIT, deadline=DEADLINE)
        pixels = rng.integers(0, 256, (10, self.sizes[0])).astype(np.uint8)
        pixels[3], pixels[4] = 0, 255
        ticks = encode(network, pixels)
        if self.bitmap is None:
            latest = rng.integers(1, network.deadline + 1, (6, 1))
            ticks[4:] = rng.integers(0, latest + 1, ticks[4:].shape)
            ticks[4], ticks[5] = network.deadline, 1
            # Many rows of one tick, which take longer than sending the spikes before them.
            ticks[6:8] = rng.choice([4, 12], (2, self.sizes[0]), p=[0.2, 0.8])
        shape = self.lanes, self.window, self.bitmap, self.rows, self.overlap, self.one_tick
        folding = Folding.of(network, CoreShape(*shape))
        inference = infer(network, ticks)
        if self.overlap:
            expected = overlapped_cycles(network, ticks, inference, folding)
        else:
            expected = replace(inference, cycles=cycles(network, ticks, inference, folding, pixels))
        return expected, simulate_directly(network, ticks, folding, pixels)


@dataclass(frozen=True)
class ConvolvingCheck(_Check):
    """Images through a small core of one layer that convolves, and the outputs.

    `sizes` are maps, rows and columns of the input, and the outputs.
    """

    filters: str

    def results(self) -> tuple[Results, Results]:
        """Return the results of ten images."""
        rng = np.random.default_rng(1)
        maps, down, across, outputs = self.sizes
        n_in = maps * down * across
        layers = layers_of([self.filters], n_in, outputs, (down, across))
        weights = [rng.integers(-4, 8, (layer.rows, layer.columns)) for layer in layers]
        network = network_of(
            weights,
            (6, 7),
            unit=UNIT,
            deadline=DEADLINE,
            inputs=np.arange(n_in),
            geometry=geometry_of(layers),
        )
        latest = rng.integers(1, DEADLINE + 1, (10, 1))
        ticks = rng.integers(0, latest + 1, (10, n_in))
        ticks[6:] = rng.choice([0, 4, 12], (4, n_in))
        folding = Folding.of(network, CoreShape(self.lanes, self.window))
        inference = infer(network, ticks)
        expected = replace(inference, cycles=cycles(network, ticks, inference, folding))
        return expected, simulate_directly(network, ticks, folding)


@dataclass(frozen=True)
class LearningCheck(_Check):
    """Images that a small core learns."""

    thresholds: tuple[int, int]
    seed: int
    stored_bits: int = 8
    settings: tuple[int, int, int, bool, int, int] = (1, 1, 0, True, 0, 3)
    """Fields of `golden.Settings`."""
    largest: int = 60
    """Stored weights are random up to this, and from half of it below 0; in a third of the outputs
    they are at an end of the range, in one about to change sign. Two hidden neurons have only
    negative ones, and all from the tenth on start with equal weights."""
    several_ticks: bool = False
    """Whether the inputs spike at several ticks."""

    def results(self) -> tuple[Results, Results]:
        """Return the results of twelve images."""
        rng = np.random.default_rng(self.seed)
        stored = tuple(random_weights(rng, self.sizes, -self.largest // 2, self.largest))
        stored[0][:, :2] = -1
        stored[0][:, 10:] = stored[0][:, 9:10]
        highest = (1 << self.stored_bits - 1) - 1
        stored[1][:, ::3] = np.where(stored[1][:, ::3] > 0, highest, ~highest)
        stored[1][:, 1] = rng.integers(-1, 1, self.sizes[1])
        used = [weights >> self.stored_bits - 8 for weights in stored]
        network = network_of(used, self.thresholds, bits=8, unit=UNIT, deadline=DEADLINE)
        state = LearningState(stored, self.stored_bits, 0xBEEF, network)
        pixels = (rng.random((12, self.sizes[0])) < 0.6).astype(np.uint8) * 255
        pixels[5] = 0
        ticks = encode(network, pixels)
        if self.several_ticks:
            network = replace(network, encoding="ticks")
            state = replace(state, template=network)
            ticks *= rng.integers(1, 7, ticks.shape, np.int32)
        labels = rng.integers(-1, self.sizes[-1], len(pixels))
        settings, folding = (
            Settings(*self.settings),
            Folding.of(network, CoreShape(self.lanes, self.window)),
        )
        results = learn_directly(state, ticks, labels, settings, folding)
        learned = learn(state, ticks, labels, settings, trace=True)  # changes the state
        return learning_cycles(network, ticks, learned, folding), results


@dataclass(frozen=True)
class LastLayerCheck(_Check):
    """Images of which the last layer of a small deep core learns."""

    thresholds: tuple[int, ...]
    seed: int

    def results(self) -> tuple[Results, Results]:
        """Return the results of eight images."""
        rng = np.random.default_rng(self.seed)
        weights = random_weights(rng, self.sizes, -20, 50)
        network = network_of(weights, self.thresholds, bits=8, unit=UNIT, deadline=DEADLINE)
        state = LearningState.of(network, 10, last_layer=True)
        ticks = encode(network, (rng.random((8, self.sizes[0])) < 0.6).astype(np.uint8) * 255)
        labels = rng.integers(-1, self.sizes[-1], len(ticks))
        settings, shape = Settings(row_draw=2, output_draw=1), CoreShape(self.lanes, self.window)
        folding = Folding.of(network, shape)
        results = learn_directly(state, ticks, labels, settings, folding)
        learned = learn(state, ticks, labels, settings, trace=True)  # changes the state
        return learning_cycles(network, ticks, learned, folding, last_layer=True), results


def failure_of(name: str) -> str:
    """Return how a check fails, by its name or that of a target or a proof, "" if it passes.

    Raises SimulationError if the design does not compile, or AbortedError if the simulator is ended
    from outside.
    """
    if name in CORE_CHECKS:
        return CORE_CHECKS[name].failure()
    if name in PROOFS:
        try:
            PROOFS[name].prove(no_progress)
        except ProofError as error:
            return str(error)
        return ""
    # The cache finds Verilog by the files of the sources, which have no fault.
    converting = conversion.set(lambda build, name, _: convert(build(), name))
    try:
        TARGETS[name].run()
    except AbortedError:
        raise
    except SimulationError as error:
        if "does not compile" in str(error):
            raise
        return str(error)
    except AssertionError as error:
        return str(error) or "an assertion fails"
    finally:
        conversion.reset(converting)
    return ""


_CORE_CHECKS: tuple[_Check, ...] = (
    Check("several-layers", (24, 9, 7, 6), lanes=4, window=2),
    Check("tick-by-tick", (12, 19, 17), lanes=1, window=0),
    Check("registers", (12, 7, 5), lanes=7, window=0),
    Check("bitmap", (17, 6, 4), lanes=6, window=0, bitmap=8),
    Check("one-tick", (17, 11, 4), lanes=3, window=0, bitmap=8, one_tick=True),
    Check("ties", (6, 4, 9), lanes=3, window=1),
    # A layer of 4 inputs that spike at one tick, and then nothing for some cycles.
    Check("full-list", (20, 4, 12, 4), lanes=3, window=0),
    Check("extremes", (16, 5, 4), lanes=5, window=0, extreme=True),
    Check("many-lanes", (260, 160, 4), lanes=20, window=0),  # several pages, and masks that wait
    Check("banks", (22, 13, 6), lanes=5, window=2, rows=2),
    Check("paged-banks", (260, 160, 4), lanes=20, window=0, rows=2),
    Check("several-spikes-sent", (30, 40, 4), lanes=40, window=0, bitmap=8, rows=4),
    Check("overlap", (30, 40, 4), lanes=40, window=0, bitmap=8, rows=4, overlap=True),
    ConvolvingCheck("positions", (2, 5, 4, 3), lanes=2, window=2, filters="3c3s2p1"),
    # Spikes that follow each other reach the same position.
    ConvolvingCheck("close-positions", (1, 4, 6, 3), lanes=3, window=1, filters="3c2s2"),
    LearningCheck(
        "stored-bits",
        (20, 13, 5),
        lanes=4,
        window=2,
        thresholds=(120, 60),
        seed=24,
        stored_bits=10,
        settings=(3, 0, 1, False, 3, 12),
        largest=300,
    ),
    LearningCheck("late-decisions", (6, 40, 4), 3, 1, thresholds=(90, 60), seed=22),
    LearningCheck("many-spikes-at-once", (6, 40, 4), 3, 1, thresholds=(60, 40), seed=36),
    LastLayerCheck("last-layer", (16, 9, 12, 5), 4, 1, (40, 30, 30), seed=3),
    LearningCheck("several-ticks", (40, 13, 4), 1, 0, (60, 30), seed=5, several_ticks=True),
)

CORE_CHECKS = {check.name: check for check in _CORE_CHECKS}
