# SPDX-License-Identifier: BSD-2-Clause
"""Designs with quick benches, and the folders of `hdl` whose automatic faults the benches find.

Most of the benches are tests, which the package does not contain: they run in a checkout. So the
functions that run a bench import it, and no module of `sim` imports `tests` anywhere else.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from firstspike.golden import LearningState, Settings, differences, encode, infer, learn
from firstspike.golden.sound.i2s import I2sMicrophone
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.core_map import NO_ROW
from firstspike.sim.benches.core.learning import learn_on_rtl
from firstspike.sim.benches.link.fuzz import fuzz
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import SimulationError


@dataclass(frozen=True)
class Target:
    """A design with a quick bench; faults are drawn in its cells from these folders of `hdl`."""

    name: str
    folders: tuple[str, ...]
    run: Callable[[], object]


def check_benches() -> None:
    """Raise SimulationError where the tests cannot be imported."""
    if find_spec("tests") is None or find_spec("tests.blocks") is None:
        raise SimulationError(
            "the benches that find these faults are in the folder tests of a checkout, which this "
            "installation does not have: clone the project, and install it from the clone."
        )


def digest_of_benches() -> str:
    """Return a digest of the sources of the tests, by name and content; "" without tests."""
    digest, spec = sha256(), find_spec("tests")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).rglob("*.py")):
            if path.relative_to(folder).parts[0] in ("blocks", "bus", "core", "link", "support"):
                content = path.read_bytes()
                digest.update(f"{path.relative_to(folder)} {len(content)} ".encode() + content)
    return digest.hexdigest() if spec else ""


def _example(name: str, seeds: int = 1) -> Callable[[], object]:
    def run() -> None:
        from tests.blocks import example_of

        example_of(name)()
        for seed in range(2, seeds + 1):
            example_of(name)(seed=seed)

    return run


def _core() -> None:
    from tests.blocks.test_core import SHAPE, example, random_network
    from tests.core.test_disturbances import DISTURBANCES, DisturbedCore, assert_equals_golden

    seed = 82  # every output wins decisions, and others are forced
    example(seed=seed)
    disturbed = DisturbedCore(random_network(seed), SHAPE)  # the first core, which has the faults
    for name in ("bad events", "aborted events", "resets", "pauses", "weight requests"):
        assert_equals_golden(DISTURBANCES[name], disturbed, "verilator")


def _pdm() -> None:
    from tests.blocks.test_receivers import test_pdm_receiver

    test_pdm_receiver(PdmMicrophone(4, 10, 2), seed=1)


def _i2s() -> None:
    from tests.blocks.test_receivers import test_i2s_receiver

    test_i2s_receiver(I2sMicrophone(4, 3, 2), seed=1)


def _saver() -> None:
    from tests.blocks.test_saver import test_saver

    test_saver(250, 4, 1, 2, seed=1)  # two sectors


def _hears_samples() -> None:
    from tests.blocks.test_listener import test_listener_that_takes_samples

    test_listener_that_takes_samples()


def _watcher() -> None:
    from tests.blocks.test_watcher import example

    # More than 256 samples, which are counted, and a sum of changes near a bound of a pixel.
    example(frames=(12, 5, 150))


def _weight_address() -> None:
    from tests.blocks.test_weight_address import check

    check((5, 3), 0)


def _pixel_encoder() -> None:
    from tests.bus.test_pixel_encoder import test_pixels_are_encoded_and_cut_images_aborted

    test_pixels_are_encoded_and_cut_images_aborted(38)


def _learns() -> None:
    first, again = np.random.default_rng(1), np.random.default_rng(1)
    for rng, settings in (
        (first, Settings(3, 1, 0, True, 2, 7)),
        (first, Settings()),
        # Behind a late decision, this margin ends so far beyond the deadline that it overflows.
        (again, Settings(1, 1, 0, True, 1, 10)),
    ):
        weights = random_weights(rng, (20, 13, 5), -300, 500)
        state = LearningState.random((20, 13, 5), 10, 1)
        state = replace(state, weights=tuple(weights))
        pixels = (rng.random((150, 20)) < rng.choice((0.2, 0.5, 0.8), (150, 1))) * np.uint8(255)
        ticks, labels = encode(state.network, pixels), rng.integers(-1, 5, len(pixels))
        folding = Folding.of(state.network, CoreShape(lanes=4))
        found = learn_on_rtl(state, ticks, labels, settings, folding)
        learned = learn(state, ticks, labels, settings, trace=True)  # changes the state
        expected = learning_cycles(state.network, ticks, learned, folding)
        for difference in differences(expected, found):
            raise SimulationError(str(difference))


def _bus() -> None:
    from tests.bus.test_bus_recovery import compare_decisions
    from tests.support.bus_core import BusRun

    rng = np.random.default_rng(3)
    # So many inputs spike at one tick that the FIFO of the images is full at times.
    network = network_of(random_weights(rng, (40, 13, 5), -4, 8), (14, 5), encoding="levels-3")
    pixels = rng.integers(0, 256, (6, 40)).astype(np.uint8)
    pixels[1] = 0
    ticks = encode(network, pixels)
    run = BusRun(network, lanes=(9, 5))  # words of two chunks, and of one
    images = run.frames(ticks, pixels)
    images[2] += struct.pack("<HH", 0, NO_ROW)  # a last beat without a spike
    expected = run.expected(ticks, pixels)
    for pauses in (False, True):
        outcome = run.run(
            "streams", simulator="verilator", frames=images, pauses=pauses, patience=10_000
        )
        for words, right in zip(outcome.decisions, expected, strict=True):
            right[2] = words[2] if pauses else right[2]  # cycles, which pauses change
        if outcome.decisions != expected or outcome.weights != run.weights():
            raise SimulationError("decisions or weights are not golden's")
    # An image that is still open when nearly all of it has arrived, as `aborts` needs it.
    results = infer(network, ticks)
    latest = images[int(np.argmax(np.where(results.forced, 0, results.tick)))]
    for test in ("every_address", "aborts", "resets", "refusals"):
        run.run(test, simulator="verilator", frames=[latest], patience=10_000)
    for test in ("soft_resets", "aborts_amid_streams", "new_sources", "switches", "interrupts"):
        seen = compare_decisions(run, test, pixels, ticks, simulator="verilator", patience=10_000)
        if not all(seen.values()):
            raise SimulationError(f"{test} has seen no {seen}")


def _bus_bitmaps() -> None:
    from tests.bus.test_bus_core import test_what_is_bad_is_told_and_what_comes_next_is_right

    test_what_is_bad_is_told_and_what_comes_next_is_right("bad_bitmaps", "bitmap")


def _bus_learning() -> None:
    from tests.support.bus_core import LearningRun

    LearningRun().learn("learns_anew", bench="tests.bus.test_bus_recovery")


def _flashed_link() -> None:
    from tests.support.flashed_link import damage_link

    damage_link(1)


def _played() -> None:
    from tests.link.test_playing import test_wrong_expectations_are_counted

    test_wrong_expectations_are_counted()


def _link(bits: bool = False) -> None:
    from tests.support.link_session import session

    session(bits)
    findings = fuzz("1", 200, bits=bits)
    for kind, _, what in findings.harmful:
        raise SimulationError(f"{kind}: {what}")


TARGETS = {
    one.name: one
    for one in (
        Target("address_set", ("learner",), _example("address_set")),
        Target("standalone", ("standalone", "flash"), _example("standalone")),
        Target("bus", ("bus",), _bus),
        Target("bus_bitmaps", (), _bus_bitmaps),
        Target("bus_learning", (), _bus_learning),
        Target("core", ("core", "layer", "lib"), _core),
        Target("encoder", ("core",), _example("encoder")),
        Target("filters", ("sound",), _example("filters", seeds=3)),
        Target("flashed_link", (), _flashed_link),
        Target("frames", ("motion",), _example("frames")),
        Target("i2s", ("sound",), _i2s),
        Target("layer", ("layer",), _example("layer")),
        Target("learning", ("learner",), _learns),
        Target("levels", ("sound",), _example("levels", seeds=3)),
        Target("levels_encoder", ("core",), _example("levels_encoder")),
        Target("lfsr", ("lib",), _example("lfsr")),
        Target("link", ("link",), _link),
        Target("listener", ("sound",), _example("listener")),
        Target("lsm6dso", ("motion",), _example("lsm6dso")),
        Target("pdm", ("sound",), _pdm),
        Target("pixel_encoder", ("bus",), _pixel_encoder),
        Target("played", (), _played),
        Target("player", ("link",), _example("player")),
        Target("queue", ("lib",), _example("queue", seeds=6)),
        Target("saver", ("flash",), _saver),
        Target("saving_core", ("standalone",), _example("saving_core")),
        Target("samples", ("sound",), _hears_samples),
        Target("spi", ("link",), _example("spi")),
        Target("uart", ("link",), lambda: _link(bits=True)),
        Target("watcher", ("standalone", "motion"), _watcher),
        Target("weight_address", (), _weight_address),
        Target("weights", ("layer",), _example("weights")),
        Target("windows", ("motion",), _example("windows", seeds=3)),
        Target("words", ("sound",), _example("words", seeds=3)),
    )
}
"""By name. One design may have faults of several folders, and a folder's faults several designs."""
