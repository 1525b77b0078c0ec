# SPDX-License-Identifier: BSD-2-Clause
"""Cores of every shape against the golden model: spikes, decisions, spike counts and cycles.

Small random networks on Amaranth's simulator. Every pair of values of two parameters occurs.
"""

import os
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from firstspike.golden import (
    Network,
    NetworkError,
    Settings,
    bundled_test_set,
    differences,
    encode,
    infer,
    learn,
    load_network,
)
from firstspike.golden.learning.state import LearningState
from firstspike.golden.timing import latencies
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.benches.core.run import Stimulus, simulate
from firstspike.sim.direct import learn_directly, simulate_directly
from firstspike.sim.mutants.checks import CORE_CHECKS
from tests.support.shapes import check_core, make_images, make_network, pairwise, with_rows
from tests.support.simulators import sampled

SHAPES = pairwise(
    {
        "sizes": [
            (20, 13, 5),
            (15, 9, 7, 4),
            (9, 10, 8, 6, 3),
            (33, 70, 3),
            (1, 5, 2),
            (12, 1, 3),
            (17, 6),
            (11, 6, 1),
        ],
        "lanes": [1, 3, 4, 36, 100],
        "window": [0, 1, 2, 3, 4],
        "bits": [2, 3, 4, 5, 6, 7, 8],
        "unit": [1, 3, 8, 16],
        "levels": [2, 3, 8],
        "late": ["never", "first", "deadline"],
        "slack": [0, 5],
        "bitmap": [None, 8, 13, 32],
        "rows": [1, 2, 4],
        "unconnected": [0, 9],
        "pauses": [False, True],
        "any_weights": [False, True],
    }
)


@pytest.mark.parametrize("number", sampled(range(len(SHAPES)), 12))
def test_core_of_any_shape_equals_golden(number):
    config = with_rows(SHAPES[number])
    rng = np.random.default_rng(number)
    network = make_network(config, rng)
    pixels, ticks = make_images(network, config, rng)
    check_core(network, pixels, ticks, config, number)


@pytest.mark.parametrize("name", sampled([*CORE_CHECKS], 6))
def test_a_core_in_which_faults_show_equals_golden(name):
    """The cores of `firstspike check mutants`: each fault of its catalogue changes one of them."""
    assert not CORE_CHECKS[name].failure()


def test_lanes_by_layer_are_a_number_for_each_layer():
    network = make_network(SHAPES[0] | {"sizes": (20, 13, 5)}, np.random.default_rng(0))
    folding = Folding.of(network, CoreShape(lanes=7))
    assert Folding.of(network, CoreShape(lanes=(7, 5))) == folding
    assert Folding.of(network, folding.shape) == folding
    for lanes, message in [
        ((7,), "layer of the network's 2"),
        ((7, 6), "1 to 5 lanes, not 6"),
        ((0, 5), r"lanes is \(0, 5\)"),
    ]:
        with pytest.raises(NetworkError, match=message):
            Folding.of(network, CoreShape(lanes=lanes))


def test_the_networks_do_everything():
    """Forced and unforced decisions, ties, and spikes of all layers occur among the shapes."""
    counts = Counter()
    for number, config in enumerate(SHAPES):
        rng = np.random.default_rng(number)
        network = make_network(config, rng)
        _, ticks = make_images(network, config, rng)
        inference = infer(network, ticks)
        counts["forced"] += inference.forced.sum()
        counts["fired"] += (~inference.forced).sum()
        counts["deadline"] += ((inference.tick == network.deadline) & ~inference.forced).sum()
        counts["early"] += (inference.tick <= network.unit).sum()
        counts["spiking layers"] += sum((rows > 0).all() for rows in inference.spikes_in)
        for hidden in inference.hidden:
            counts["hidden at the deadline"] += (hidden == network.deadline).any(1).sum()
            counts["several in a tick"] += sum(
                len(set(ticks[ticks > 0])) < (ticks > 0).sum() for ticks in hidden
            )
    assert len(counts) == 7
    assert min(counts.values()) >= 3, counts


# Networks of 1 to 4 hidden layers against golden; all else about most is drawn at random.

NETWORKS = int(os.environ.get("FIRSTSPIKE_RANDOM_NETWORKS", "4"))
IMAGES = 20


def drawn(number: int) -> tuple[dict[str, Any], Network, np.ndarray, np.ndarray]:
    """Parameters of the network with this number, the network, and pixels and ticks for it."""
    rng = np.random.default_rng([2018, number])
    hidden = rng.integers(1, 21, 1 + number % 4).tolist()
    sizes = (int(rng.integers(4, 33)), *hidden, int(rng.integers(2, 9)))
    config = {
        "sizes": sizes,
        "lanes": -(-max(sizes[1:]) // int(rng.integers(1, 6))),  # up to so many groups
        "window": int(rng.integers(0, 5)),
        "bits": int(rng.integers(2, 9)),
        "unit": int(rng.integers(1, 17)),
        "levels": int(rng.choice([2, rng.integers(3, 257)])),
        "late": str(rng.choice(["never", "first", "unit", "deadline"])),
        "slack": int(rng.integers(0, 31)),
        "bitmap": rng.choice([None, int(rng.integers(8, 33))], p=[0.75, 0.25]),
        "unconnected": int(rng.integers(0, 10)),
        "pauses": False,
        "any_weights": bool(rng.integers(2)),
        "rows": 1 << number % 3,
    }
    config = with_rows(config)
    network = make_network(config, rng, lowest=rng.uniform(0.0, 0.4))
    pixels, ticks = make_images(network, config, rng, IMAGES)
    config["one_tick"] = bool(rng.integers(2))  # where that is possible
    if rng.integers(2):
        config["lanes"] = tuple(int(rng.integers(1, size + 1)) for size in network.shape[1:])
    return config, network, pixels, ticks


@pytest.mark.parametrize("number", sampled(range(NETWORKS), 4))
def test_a_random_network_equals_golden(number):
    config, network, pixels, ticks = drawn(number)
    check_core(network, pixels, ticks, config, number)


def test_spikes_reach_the_outputs_at_every_depth():
    """Spikes reach the outputs in most images of some networks of every depth."""
    reached = np.zeros(4, int)
    for number in range(40):
        _, network, _, ticks = drawn(number)
        inference = infer(network, ticks)
        whole = (inference.spikes_in > 0).all(1) & ~inference.forced
        reached[number % 4] += whole.mean() > 0.5
    assert (reached >= 2).all(), reached


# A latency has one definition: hardware and cycle model follow a change of it.

CHANGES = [("INGRESS_CHECK", 4), ("ADDRESS", 3), ("LEVELS_PER_STAGE", 2)]


CHANGES_OF_BANKS = [*CHANGES[:-1], ("LEVELS_PER_STAGE_OF_BANKS", 1)]
"""The changes for a last layer that adds several rows per cycle."""


@pytest.mark.parametrize(
    ("folded", "change"),
    sampled(
        [
            *product(
                [
                    {"lanes": 20, "window": 0},
                    {"lanes": 4, "window": 2},
                    {"lanes": 4, "window": 3, "bitmap": 8},
                    {"lanes": 4, "window": 2, "rows": 2},
                ],
                CHANGES,
            ),
            *product(
                [{"lanes": 36, "rows": 4}, {"lanes": 36, "rows": 4, "bitmap": 8}], CHANGES_OF_BANKS
            ),
        ],
        4,
    ),
)
def test_core(folded, change, monkeypatch):
    rng = np.random.default_rng(1)
    network = Network(
        weights=(rng.integers(-4, 8, (20, 36)), rng.integers(-8, 8, (36, 8))),
        weight_bits=(4, 4),
        thresholds=(12, 9),
        unit=9,
        deadline=60,
        n_inputs=20,
        inputs=np.arange(20),
    )
    pixels = rng.integers(0, 256, (4, 20)).astype(np.uint8)
    ticks = encode(network, pixels)
    inference = infer(network, ticks)
    folding = Folding.of(network, CoreShape(**folded))
    before = cycles(network, ticks, inference, folding, pixels)
    monkeypatch.setattr(latencies, *change)
    expected = cycles(network, ticks, inference, folding, pixels)
    assert np.all(expected != before)
    run = simulate_directly(network, ticks, folding, pixels)
    assert not list(differences(replace(inference, cycles=expected), run))


@pytest.mark.parametrize(("name", "figure"), sampled([*CHANGES, ("SORTING", 30)], 4))
def test_learning(name, figure, monkeypatch):
    rng = np.random.default_rng(2)
    state = LearningState.random((20, 13, 5), 8, 2)
    network = state.network
    ticks = encode(network, rng.integers(0, 256, (2, 20)).astype(np.uint8))
    labels = rng.integers(0, 5, len(ticks))
    folding = Folding.of(network, CoreShape(4, 2))
    learned = learn(state.copy(), ticks, labels, Settings(), trace=True)
    before = learning_cycles(network, ticks, learned, folding)
    monkeypatch.setattr(latencies, name, figure)
    expected = learning_cycles(network, ticks, learned, folding)
    assert np.all(expected.turnaround != before.turnaround)
    run = learn_directly(state, ticks, labels, Settings(), folding)
    assert learned.updated.any()
    assert not list(differences(expected, run))


# The shipped networks at full size on Verilator; compiled simulations are cached.

DIGITS = 60


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "lanes", "bitmap"),
    [
        ("mnist-8bit", 64, None),
        ("mnist-8bit", 8, 32),
        ("mnist-4bit", 64, None),
        ("mnist-4bit", 600, 32),
    ],
)
def test_shipped_network_equals_golden(name, lanes, bitmap):
    network = load_network(name)
    pixels, _ = bundled_test_set()
    pixels = pixels[:DIGITS]
    ticks = encode(network, pixels)
    folding = Folding.of(network, CoreShape(lanes, bitmap=bitmap))
    run = simulate(network, ticks, folding, pixels, Stimulus(checked=lanes == 64))
    inference = infer(network, ticks)
    expected = cycles(network, ticks, inference, folding, pixels)
    assert not list(differences(replace(inference, cycles=expected), run))
