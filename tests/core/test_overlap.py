# SPDX-License-Identifier: BSD-2-Clause
"""Images that overlap: spikes, decisions, spike counts, cycles, and events between bitmaps."""

import os
from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden import NetworkError, differences, infer
from firstspike.golden.timing import latencies
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.overlapped import overlapped_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.sim.benches.core.items import end_item, event_items, items_of
from firstspike.sim.benches.core.outcome import results_of
from firstspike.sim.direct import run_phases, simulate_directly
from tests.support.shapes import make_images, make_network, pairwise
from tests.support.simulators import sampled

ADDRESS, TICK = 1, 2
"""Causes."""

IMAGES = 24 * int(os.environ.get("FIRSTSPIKE_RANDOM_NETWORKS", "1"))
"""Number of images for each shape."""

SHAPES = pairwise(
    {
        "sizes": [(20, 13, 5), (33, 70, 4), (1, 5, 2), (60, 8, 8), (9, 31, 6)],
        "bits": [2, 4, 8],
        "unit": [1, 3, 16],
        "slack": [0, 5],
        "bitmap": [8, 12, 32],
        "rows": [2, 4],
        "unconnected": [0, 9],
        "pauses": [False, True],
    }
)


def made(number, count=IMAGES):
    """A network of the sizes that have this number or come round to it, images, and the folding."""
    config = SHAPES[number % len(SHAPES)] | {"levels": 2, "late": "never"}
    rng = np.random.default_rng(number)
    network = make_network(config, rng)
    pixels, ticks = make_images(network, config, rng, count)
    folding = Folding.of(
        network, CoreShape(100, bitmap=config["bitmap"], rows=config["rows"], overlap=True)
    )
    return network, pixels, ticks, folding, config["pauses"]


@pytest.mark.parametrize("number", sampled(range(len(SHAPES)), 10))
def test_core_of_any_shape_equals_golden(number):
    network, pixels, ticks, folding, pauses = made(number)
    expected = overlapped_cycles(network, ticks, infer(network, ticks), folding)
    run = simulate_directly(network, ticks, folding, pixels, pauses, number)
    if pauses:
        expected = replace(expected, cycles=None, apart=None)
    assert not list(differences(expected, run))


@pytest.mark.parametrize(
    ("name", "figure"),
    sampled([("INGRESS_CHECK", 3), ("ADDRESS", 2), ("LEVELS_PER_STAGE_OF_BANKS", 1)], 3),
)
def test_a_latency_is_said_once(name, figure, monkeypatch):
    network, pixels, ticks, folding, _ = made(1, 8)
    inference = infer(network, ticks)
    before = overlapped_cycles(network, ticks, inference, folding)
    monkeypatch.setattr(latencies, name, figure)
    expected = overlapped_cycles(network, ticks, inference, folding)
    assert np.any(expected.cycles != before.cycles)
    assert not list(differences(expected, simulate_directly(network, ticks, folding, pixels)))


def test_a_late_deadline_changes_no_cycles():
    """The model sweeps the ticks up to the decision, and computes nothing for later ones."""
    network, _, ticks, folding, _ = made(12)
    late = replace(network, deadline=(1 << 24) - 1)
    known = ~infer(network, ticks).forced
    assert known.sum() > 10
    runs = [infer(one, ticks[known]) for one in (network, late)]
    first, second = (
        cycles(one, ticks[known], run, folding)
        for one, run in zip((network, late), runs, strict=True)
    )
    assert np.array_equal(first, second)


@pytest.mark.long
def test_images_alone_take_as_long_as_without_overlap():
    network, pixels, ticks, folding, _ = made(0)
    inference = infer(network, ticks)
    alone = Folding.of(network, CoreShape(100, bitmap=folding.bitmap, rows=folding.layers[0].rows))
    lit = ticks.any(axis=1)  # without a spike it is the deadline that is gone to at once
    assert lit.sum() > 10
    found = cycles(network, ticks, inference, folding)
    assert np.array_equal(found[lit], cycles(network, ticks, inference, alone, pixels)[lit])


@pytest.mark.parametrize("overlap", sampled([True, False], 2), ids=["overlap", "one tick"])
def test_events_that_are_not_at_the_one_tick_are_bad(overlap):
    """A core with a bitmap takes events, too, also between bitmaps."""
    network, pixels, ticks, folding, _ = made(6, 12)
    if not overlap:
        folding = Folding.of(network, CoreShape(4, 0, 8, one_tick=True))
        assert folding.layers[0].one_tick
    config, unit = CoreConfig.of(network, folding), network.unit
    rng = np.random.default_rng(3)
    expected = replace(infer(network, ticks), error=np.zeros(len(ticks), int))
    phases = []
    for image, words in enumerate(items_of(config, ticks, pixels)):
        port, items = "words", words
        if image % 3:
            spikes = [[unit, row] for row in np.flatnonzero(ticks[image])]
            bad, cause = [([unit + 1, 0], TICK), ([unit, ticks.shape[1]], ADDRESS)][image % 2]
            spikes.insert(int(rng.integers(len(spikes) + 1)), bad)
            expected.error[image] = cause
            port, items = "events", np.append(event_items(config, spikes), end_item(config))
        phases.append(({port: items.tolist()}, "decision", image + 1))
    outcome = run_phases(Core(config, network.weights), phases, False, 1)
    found = results_of(config, outcome, len(ticks))
    assert not list(differences(expected, replace(found, cycles=None, apart=None)))


BITMAP, LAYERS = "core with a bitmap", "core with one hidden layer"


@pytest.mark.parametrize(
    ("sizes", "folding", "message"),
    [
        ((20, 13, 5), {"rows": 1, "bitmap": 8}, BITMAP),
        ((20, 13, 5), {"rows": 2}, f"{BITMAP}.*: give it 2 or 4 rows, 13 lanes and a bitmap"),
        ((20, 13, 5), {"rows": 2, "bitmap": 8, "lanes": 12}, BITMAP),
        ((20, 13, 9, 5), {"rows": 2, "bitmap": 8}, f"{LAYERS}: this network has 2"),
        ((20, 5), {"rows": 2, "bitmap": 8}, f"{LAYERS}: this network has 0"),
        ((20, 3, 5), {"rows": 4, "bitmap": 8}, "here 4: this network's has 3; give it 2 rows"),
        ((20, 3, 5), {"rows": 1, "bitmap": 8}, f"{BITMAP}.*: give it 2 rows, 5 lanes"),
        ((20, 2, 5), {"rows": 2}, f"{BITMAP}.*: give it 2 rows, 5 lanes"),
        ((20, 1, 5), {"rows": 1, "bitmap": 8}, "here 2: this network's has 1; give it no overlap"),
    ],
)
def test_what_cannot_overlap_is_refused(sizes, folding, message):
    config = SHAPES[0] | {"sizes": sizes, "levels": 2, "late": "never"}
    network = make_network(config, np.random.default_rng(1))
    with pytest.raises(NetworkError, match=f"images overlap in a .*{message}"):
        Folding.of(network, CoreShape(**({"lanes": 100} | folding), overlap=True))


def test_three_hidden_neurons_overlap_as_the_refusal_says():
    config = SHAPES[0] | {"sizes": (20, 3, 5), "levels": 2, "late": "never"}
    network = make_network(config, np.random.default_rng(1))
    assert Folding.of(network, CoreShape(5, bitmap=8, rows=2, overlap=True)).overlaps


def test_a_core_that_learns_adds_one_row_a_cycle():
    network, *_, folding, _ = made(0)
    with pytest.raises(NetworkError, match="adds one row per cycle"):
        CoreConfig.of(network, folding, stored_bits=8)
