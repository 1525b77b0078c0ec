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

from firstspike.golden import Network, NetworkError, Settings, differences, encode, infer, learn
from firstspike.golden.learning.state import LearningState
from firstspike.golden.timing import latencies
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.sim.direct import learn_directly, simulate_directly
from firstspike.sim.harness.networks import network_of, random_weights
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


ONE_TICK = {"window": 0, "bitmap": 8, "rows": 1, "one_tick": True}


@pytest.mark.parametrize("number", sampled(range(6), 3))
def test_a_layer_of_one_tick_keeps_no_potential(number):
    config = SHAPES[number] | ONE_TICK | {"sizes": [(20, 13, 5), (9, 10, 8, 6, 3)][number % 2]}
    rng = np.random.default_rng(number)
    network = make_network(config, rng)
    lanes = int(rng.integers(1, network.shape[1])), *network.shape[2:]
    folding = Folding.of(network, CoreShape(lanes, 0, 8, one_tick=True))
    assert folding.layers[0].one_tick
    assert Folding.of(network, folding.shape) == folding
    pixels, ticks = make_images(network, config, rng)
    check_core(network, pixels, ticks, config | {"lanes": lanes}, number)


@pytest.mark.parametrize("number", sampled(range(8), 6))
def test_walks_of_many_groups_go_apart_from_their_operations(number):
    sizes, lanes = [((20, 13, 10), (1, 1)), ((15, 9, 12, 7), (1, 2, 1)), ((9, 12, 16), (2, 2))][
        number % 3
    ]
    config = SHAPES[number] | {"sizes": sizes, "lanes": lanes, "window": 0, "rows": 1}
    config["one_tick"] = number % 2 == 0  # where there is a bitmap
    rng = np.random.default_rng(number)
    network = make_network(config, rng)
    folding = Folding.of(network, CoreShape(lanes, 0))
    assert all(layer.shared_fields for layer in CoreConfig.of(network, folding).layers)
    pixels, ticks = make_images(network, config, rng)
    check_core(network, pixels, ticks, config, number)


def test_lanes_by_layer_are_a_number_for_each_layer():
    network = make_network(SHAPES[0] | {"sizes": (20, 13, 5)}, np.random.default_rng(0))
    folding = Folding.of(network, CoreShape(lanes=7))
    assert Folding.of(network, CoreShape(lanes=(7, 5))) == folding
    assert Folding.of(network, folding.shape) == folding
    for lanes, said in [
        ((7,), "layer of the network's 2"),
        ((7, 6), "1 to 5 lanes, not 6"),
        ((0, 5), r"lanes is \(0, 5\)"),
    ]:
        with pytest.raises(NetworkError, match=said):
            Folding.of(network, CoreShape(lanes=lanes))


@pytest.mark.parametrize(("lanes", "window"), sampled([(70, 0), (35, 0), (35, 4), (16, 0)], 2))
def test_masks_wait_while_many_that_fired_are_sent(lanes, window):
    """All hidden neurons fire at one tick, and no output before the deadline."""
    weights = np.full((20, 70), 7), np.full((70, 3), -1)
    network = network_of(weights, (4, 4), unit=16, deadline=120)
    ticks = encode(network, np.full((2, 20), 255, np.uint8))
    folding = Folding.of(network, CoreShape(lanes, window))
    inference = infer(network, ticks)
    assert np.unique(inference.hidden[0]).size == 1
    assert inference.forced.all()
    run = simulate_directly(network, ticks, folding, None, False, 1, False)
    expected = cycles(network, ticks, inference, folding)
    assert not list(differences(replace(inference, cycles=expected), run))


@pytest.mark.parametrize("number", sampled(range(10), 10))
def test_the_first_event_may_be_at_the_deadline(number):
    """Then it is the tick that decides, whatever fires, in groups that hear of it at the end."""
    rng = np.random.default_rng(number)
    sizes = [(3, 4), (1, 1, 2), (4, 5, 6), (2, 3, 4, 5)][number % 4]
    network = network_of(
        random_weights(rng, sizes, 7 if number < 4 else -8, 8),
        [1] * (len(sizes) - 1),
        bits=4,
        unit=1,
        deadline=6,
    )
    ticks = rng.choice([0, 5, 6], (20, sizes[0]), p=[0.2, 0.3, 0.5])
    config = {"pauses": False, "any_weights": False, "bitmap": None}
    for lanes, window, rows in ((1, 0, 1), (2, 0, 1), (2, 2, 2), (100, 0, 1), (100, 0, 2)):
        folding = {"lanes": lanes, "window": window, "rows": rows}
        check_core(network, None, ticks, config | folding, number)


@pytest.mark.parametrize("n_in", [2, 7, 8, 16])
def test_a_full_row_list_stays_while_the_source_pauses(n_in):
    """Every input at one tick: there is no place behind the last row, where it could be again."""
    rng = np.random.default_rng(n_in)
    network = network_of(random_weights(rng, (n_in, 9, 3), -2, 8), (5, 4))
    ticks = np.full((6, n_in), 3)
    folding = Folding.of(network, CoreShape(lanes=2, window=0))
    inference = infer(network, ticks)
    assert len(np.unique(network.weights[0], axis=0)) > 1
    assert inference.hidden_spikes.all()
    run = simulate_directly(network, ticks, folding, pauses=True)
    assert not list(differences(inference, replace(run, cycles=None)))


def test_the_networks_do_everything():
    """Forced and unforced decisions, ties, and spikes of all layers occur among the shapes."""
    seen = Counter()
    for number, config in enumerate(SHAPES):
        rng = np.random.default_rng(number)
        network = make_network(config, rng)
        _, ticks = make_images(network, config, rng)
        inference = infer(network, ticks)
        seen["forced"] += inference.forced.sum()
        seen["fired"] += (~inference.forced).sum()
        seen["deadline"] += ((inference.tick == network.deadline) & ~inference.forced).sum()
        seen["early"] += (inference.tick <= network.unit).sum()
        seen["spiking layers"] += sum((rows > 0).all() for rows in inference.spikes_in)
        for hidden in inference.hidden:
            seen["hidden at the deadline"] += (hidden == network.deadline).any(1).sum()
            seen["several in a tick"] += sum(
                len(set(ticks[ticks > 0])) < (ticks > 0).sum() for ticks in hidden
            )
    assert len(seen) == 7
    assert min(seen.values()) >= 3, seen


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
