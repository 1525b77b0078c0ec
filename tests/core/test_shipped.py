# SPDX-License-Identifier: BSD-2-Clause
"""The shipped networks at full size on Verilator: every spike, decision, spike count and cycle.

The compiled simulations are cached; the first run takes a minute or so for each.
"""

from dataclasses import replace

import pytest

from firstspike.golden import bundled_test_set, differences, encode, infer, load_network
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.benches.core.run import Stimulus, simulate

IMAGES = 60


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
    pixels = pixels[:IMAGES]
    ticks = encode(network, pixels)
    folding = Folding.of(network, CoreShape(lanes, bitmap=bitmap))
    run = simulate(network, ticks, folding, pixels, Stimulus(checked=lanes == 64))
    inference = infer(network, ticks)
    expected = cycles(network, ticks, inference, folding, pixels)
    assert not list(differences(replace(inference, cycles=expected), run))
