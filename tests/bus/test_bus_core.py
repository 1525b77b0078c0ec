# SPDX-License-Identifier: BSD-2-Clause
"""A core on a bus against golden and against others' models of AXI, with pauses and without."""

from importlib.metadata import version

import numpy as np
import pytest

from firstspike.golden import NetworkError, encode
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.core_map import core_map
from firstspike.hdl.bus.images import Images
from firstspike.hdl.bus.register import READ, Field, Register, RegisterMap
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.sim.benches.bus import pixel_encoder
from firstspike.sim.benches.core.items import image_port, items_of
from firstspike.sim.direct import run_phases
from firstspike.sim.harness.networks import network_of
from tests.support.bus_core import BusRun, raw_network
from tests.support.bus_learning import LearningRun
from tests.support.command import deep_toy_network, toy_network
from tests.support.simulators import EITHER

CORES = {
    "events": (toy_network(), {"lanes": 5}),
    "levels": (toy_network("levels-8"), {"lanes": 3}),
    "deep": (deep_toy_network(), {"lanes": 4}),
    "rows of events": (toy_network(), {"lanes": 12, "rows": 2}),
    "bytes": (toy_network(), {"lanes": 5, "bitmap": 8}),
    "bitmap": (toy_network(), {"lanes": 5, "bitmap": 16}),
    "pixels": (raw_network(), {"lanes": 3, "pixels": True}),
    "overlap": (toy_network(), {"lanes": 12, "bitmap": 8, "rows": 4, "overlap": True}),
}
each_core = pytest.mark.parametrize("kind", CORES.values(), ids=CORES)


def wide_network():
    """One whose bitmaps have beats of several words, of which the last is not full."""
    rng = np.random.default_rng(2)
    weights = rng.integers(-30, 90, (150, 12)), rng.integers(-60, 120, (12, 4))
    return network_of(weights, (2000, 200), bits=8, deadline=60, encoding="binary")


def images(network, count=6):
    """Pixels and ticks; one of the images is dark."""
    shape = count, network.n_features
    pixels = np.random.default_rng(3).integers(0, 256, shape).astype(np.uint8)
    pixels[2:3] = 0
    return pixels, encode(network, pixels)


@pytest.mark.parametrize("pixels", [38, 5])
def test_pixels_are_encoded_and_cut_images_aborted(pixels):
    pixel_encoder.simulate(pixels, simulator=EITHER)


@each_core
@pytest.mark.parametrize("pauses", [False, True], ids=["steady", "pauses"])
def test_decisions_and_weights_are_goldens(kind, pauses):
    network, folding = kind
    pixels, ticks = images(network)
    run = BusRun(network, **folding)
    outcome = run.run("streams", frames=run.frames(ticks, pixels), pauses=pauses)
    expected, found = run.expected(ticks, pixels), outcome.decisions
    # Golden's cycles are those of events that carry several rows, and of images that come alone.
    if pauses or folding.keys() & {"rows", "pixels"}:
        for words in expected + found:
            words[2] = 0  # cycles
    assert found == expected
    assert outcome.weights == run.weights()
    assert outcome.registers == {
        "decision_count": len(ticks),
        "error_count": 0,
        "error_causes": 0,
        "interrupt_state": 0,
    }


@pytest.mark.parametrize("name", ["events", "bitmap", "overlap"])
def test_the_bus_adds_no_cycle(name):
    """The cycles from decision to decision are the same, if the source never pauses."""
    network, folding = CORES[name]
    pixels, ticks = images(network)
    run = BusRun(network, **folding)
    outcome = run.run("streams", frames=run.frames(ticks, pixels))
    items = np.concatenate(items_of(run.config, ticks, pixels)).tolist()
    phase = {image_port(run.config): items}, "decision", len(ticks)
    alone = run_phases(Core(run.config, network.weights), [phase], pauses=False, seed=1)
    assert np.diff(outcome.cycles).tolist() == np.diff(alone.taken).tolist()


@pytest.mark.parametrize("name", ["events", "bitmap", "pixels", "wide"])
def test_registers_alone_are_enough(name):
    network, folding = CORES.get(name, (wide_network(), {"lanes": 12, "bitmap": 64}))
    pixels, ticks = images(network, 3)
    run = BusRun(network, **folding)
    outcome = run.run("by_registers", frames=run.frames(ticks, pixels))
    expected, found = run.expected(ticks, pixels), outcome.decisions
    for words in expected + found:
        words[2] = 0  # cycles
    assert found == expected


@pytest.mark.parametrize(
    ("name", "learning"), [("events", {}), ("overlap", {}), ("bytes", {"stored_bits": 12})]
)
def test_every_address_is_answered(name, learning):
    network, folding = CORES[name]
    BusRun(network, **folding, **learning).run("every_address", pauses=True)


DISTURBANCES = {
    "bad_bitmaps": ("bytes", "bitmap", "pixels", "overlap"),
    "aborts": ("events", "bytes", "bitmap", "pixels", "overlap"),
    "resets": ("events", "bitmap", "pixels", "overlap"),
    "refusals": ("events", "bitmap", "pixels"),
}


@pytest.mark.parametrize(
    ("test", "name"), [(test, name) for test, names in DISTURBANCES.items() for name in names]
)
def test_what_is_bad_is_told_and_what_comes_next_is_right(test, name):
    """Bad bitmaps, a stalled image that is aborted, resets, and accesses that are refused."""
    network, folding = CORES[name]
    pixels, ticks = images(network, 1)
    run = BusRun(network, **folding)
    run.run(test, frames=run.frames(ticks, pixels))


@pytest.mark.parametrize("bitmap", [None, 8])
def test_it_learns_as_golden_does(bitmap):
    LearningRun(bitmap).learn("learns")


@pytest.mark.long
def test_it_learns_from_pixels_as_golden_does():
    LearningRun(pixels=True).learn("learns")


@pytest.mark.fast
def test_the_map_says_how_and_by_what_a_core_was_made():
    network, folding = CORES["rows of events"]
    made = Folding.of(network, CoreShape(**folding))
    config = CoreConfig.of(network, made)
    registers = core_map(config, network, False, Images.of(config, network))
    said = {
        name: {field.name: field.value for field in registers.by_name[name].fields}
        for name in ("release", "folding")
    }
    numbers = (said["release"][name] for name in ("major", "minor", "patch"))
    assert version("firstspike").startswith(".".join(map(str, numbers)))
    lanes = max(layer.lanes for layer in made.layers)
    assert said["folding"] == {"lanes": lanes, "rows": made.layers[0].rows}


@pytest.mark.fast
@pytest.mark.parametrize("names", [("a", "a"), ("a_b_c", ""), ("a_b", "c")])
def test_names_that_generated_code_would_confuse_are_refused(names):
    other, field = names

    def register(name, offset, field):
        return Register(name, offset, "", READ, (Field(field or "z", 0, 1, ""),))

    with pytest.raises(ValueError, match="two meanings"):
        RegisterMap([register("a", 0, "b_c"), register(other, 4, field)])


@pytest.mark.fast
def test_what_the_bus_cannot_hold_is_refused():
    network = toy_network()
    config = CoreConfig.of(network, Folding.of(network, CoreShape(lanes=5, bitmap=13)))
    with pytest.raises(NetworkError, match="beats of 8, 16"):
        core_map(config, network, False, Images.of(config, network))
