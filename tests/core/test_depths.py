# SPDX-License-Identifier: BSD-2-Clause
"""Networks of 1 to 4 hidden layers against golden; all else about most is drawn at random.

More of those than a test run has time for, of 20 images each:

    FIRSTSPIKE_RANDOM_NETWORKS=100 pytest tests/core/test_depths.py
"""

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from firstspike.golden import Network, differences, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.benches.core.run import Stimulus, simulate
from tests.support.command import deep_toy_network
from tests.support.shapes import check_core, make_images, make_network, with_rows

NETWORKS = int(os.environ.get("FIRSTSPIKE_RANDOM_NETWORKS", "4"))
IMAGES = 20


def drawn(number: int) -> tuple[dict[str, Any], Network, np.ndarray, np.ndarray]:
    """What the network of this number is, itself, and pixels and ticks for it."""
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


@pytest.mark.parametrize("number", range(NETWORKS))
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


def test_three_hidden_layers_on_verilator():
    network = deep_toy_network("levels-4")
    pixels = np.random.default_rng(1).integers(0, 256, (500, 36)).astype(np.uint8)
    ticks = encode(network, pixels)
    folding = Folding.of(network, CoreShape(lanes=4, window=2))
    run = simulate(network, ticks, folding, stimulus=Stimulus(checked=True))
    inference = infer(network, ticks)
    expected = cycles(network, ticks, inference, folding)
    assert (inference.spikes_in > 0).any(0).all()
    assert not list(differences(replace(inference, cycles=expected), run))
