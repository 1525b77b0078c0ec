# SPDX-License-Identifier: BSD-2-Clause
"""Designs with quick benches, and the folders of `hdl` whose automatic faults the benches find."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from firstspike.golden import LearningState, Settings, differences, encode, learn
from firstspike.golden.motion.usual import USUAL
from firstspike.golden.sound.filters import Filter
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.i2s import I2sMicrophone
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.golden.sound.usual import resonant
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.benches import example_of
from firstspike.sim.benches.bus import pixel_encoder
from firstspike.sim.benches.bus.run import BusRun
from firstspike.sim.benches.core.learning import learn_on_rtl
from firstspike.sim.benches.link.fuzz import fuzz
from firstspike.sim.benches.link.session import session
from firstspike.sim.benches.motion import frames, lsm6dso, windows
from firstspike.sim.benches.sound import filters, i2s, levels, pdm, samples, words
from firstspike.sim.benches.sound.example import small_network as sound_network
from firstspike.sim.benches.sound.example import tones
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import SimulationError


@dataclass(frozen=True)
class Target:
    """A design with a quick bench; faults are drawn in its cells from these folders of `hdl`."""

    name: str
    folders: tuple[str, ...]
    run: Callable[[], object]


FRONT = FrontEnd(
    rate=8000,
    slot=16,
    slots=2,
    frames=3,
    drop=20,
    least=20,
    contrast=2,
    filters=tuple(resonant(f, 200, 8000, 3 * n) for n, f in enumerate((300, 1000, 3000))),
    before=2,
    after=1,
)
MOTION = replace(USUAL, frame=4, frames=5, hop=2, downs=(5, 0, 9))


def _hears_samples() -> None:
    samples.simulate(sound_network(FRONT), tones(FRONT))


def _filters() -> None:
    waits = Filter(a1=12000, a2=-9000, up=0, down=23, gain=0)  # for its D
    filters.simulate([*FRONT.filters, waits])


def _learns() -> None:
    rng = np.random.default_rng(1)
    for stored_bits, settings in ((10, Settings(3, 1, 0, True, 2, 7)), (10, Settings())):
        weights = random_weights(rng, (20, 13, 5), -300, 500)
        state = LearningState.random((20, 13, 5), stored_bits, 1)
        state = replace(state, weights=tuple(weights))
        pixels = (rng.random((60, 20)) < rng.choice((0.2, 0.5, 0.8), (60, 1))) * np.uint8(255)
        ticks, labels = encode(state.network, pixels), rng.integers(-1, 5, len(pixels))
        folding = Folding.of(state.network, CoreShape(lanes=4))
        found = learn_on_rtl(state, ticks, labels, settings, folding)
        learned = learn(state, ticks, labels, settings, trace=True)  # changes the state
        expected = learning_cycles(state.network, ticks, learned, folding)
        for difference in differences(expected, found):
            raise SimulationError(str(difference))


def _bus() -> None:
    rng = np.random.default_rng(3)
    network = network_of(random_weights(rng, (20, 13, 5), -4, 8), (7, 5), encoding="levels-4")
    pixels = rng.integers(0, 256, (6, 20)).astype(np.uint8)
    ticks = encode(network, pixels)
    run = BusRun(network, lanes=5)
    images = run.frames(ticks, pixels)
    expected = run.expected(ticks, pixels)
    outcome = run.run("streams", frames=images, pauses=True)
    # Not the cycles, which pauses change.
    found = [one[:2] + one[3:] for one in outcome.decisions]
    if found != [one[:2] + one[3:] for one in expected] or outcome.weights != run.weights():
        raise SimulationError("decisions or weights are not golden's")
    for test in ("every_address", "aborts", "resets", "refusals"):
        run.run(test, frames=images[:1])


def _link(bits: bool = False) -> None:
    session(bits)
    findings = fuzz("1", 200, bits=bits)
    for kind, _, what in findings.harmful:
        raise SimulationError(f"{kind}: {what}")


def _example(name: str) -> Callable[[], object]:
    return lambda: example_of(name).example()


TARGETS = {
    one.name: one
    for one in (
        Target("address_set", ("learner",), _example("address_set")),
        Target("alone", ("alone", "flash"), _example("alone")),
        Target("bus", ("bus",), _bus),
        Target("core", ("core", "layer", "lib"), _example("core")),
        Target("encoder", ("core",), _example("encoder")),
        Target("filters", ("sound",), _filters),
        Target("frames", ("motion",), lambda: frames.simulate(MOTION, frames=60)),
        Target("i2s", ("sound",), lambda: i2s.simulate(I2sMicrophone(4, 3, 2))),
        Target("layer", ("layer",), _example("layer")),
        Target("learning", ("learner",), _learns),
        Target("levels", ("sound",), lambda: levels.simulate(FRONT)),
        Target("levels_encoder", ("core",), _example("levels_encoder")),
        Target("lfsr", ("lib",), _example("lfsr")),
        Target("link", ("link",), _link),
        Target("lsm6dso", ("motion",), lsm6dso.simulate),
        Target("motion", ("alone", "motion"), _example("motion")),
        Target("pdm", ("sound",), lambda: pdm.simulate(PdmMicrophone(4, 10, 2))),
        Target("pixel_encoder", ("bus",), lambda: pixel_encoder.simulate(38)),
        Target("player", ("link",), _example("player")),
        Target("queue", ("lib",), _example("queue")),
        Target("samples", ("sound",), _hears_samples),
        Target("sound", ("sound",), _example("sound")),
        Target("spi", ("link",), _example("spi")),
        Target("uart", ("link",), lambda: _link(bits=True)),
        Target("weights", ("layer",), _example("weights")),
        Target("windows", ("motion",), lambda: windows.simulate(MOTION, windows=16)),
        Target("words", ("sound",), lambda: words.simulate(FRONT, slots=240)),
    )
}
"""By name. One design may have faults of several folders, and a folder's faults several designs."""
