# SPDX-License-Identifier: BSD-2-Clause
"""The figures of the README are those of today's networks, cycle model and boards."""

from pathlib import Path

import numpy as np
import pytest

from firstspike.boards.building.shipped_builds import SHIPPED_BUILDS, design_of
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import encode, infer
from firstspike.golden.data.sets import bundled_test_set
from firstspike.golden.networks.shipped import load_network

README = (Path(__file__).parents[2] / "README.md").read_text()

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("net", "sentence"),
    [
        ("mnist-8bit", "10,000 test digits | {:.2f} % right"),
        ("mnist-4bit", "`mnist-4bit` ({:.2f} %)"),
    ],
)
def test_accuracy(net, sentence):
    pixels, labels = bundled_test_set()
    network = load_network(net)
    decided = infer(network, encode(network, pixels)).decision
    assert sentence.format(100 * np.mean(decided == labels)) in README


def test_spikes():
    pixels, _ = bundled_test_set()
    network = load_network("mnist-8bit")
    found = infer(network, encode(network, pixels))
    spikes = found.input_spikes + found.hidden_spikes
    assert f"{spikes.mean():.0f} spikes per digit until the decision" in README


@pytest.mark.parametrize(
    ("board", "overlap", "sentence"),
    [
        ("icebreaker", False, "{} lanes | {:,.0f} cycles {}: {:.0f} us at {:g} MHz"),
        ("ulx3s-85f", True, "{} lanes | {:.1f} cycles {}: {:.3f} us at {:g} MHz"),
    ],
)
def test_cycles(board, overlap, sentence):
    (build,) = (one for one in SHIPPED_BUILDS if (one.board, one.shape.overlap) == (board, overlap))
    mean, until = design_of(build).digit_cycles().mean(), "from a digit to its decision"
    clock = build.clock
    assert sentence.format(build.shape.lanes, mean, until, mean / clock, clock) in README


def test_number_of_boards():
    assert f"| {('twelve', 'thirteen', 'fourteen')[len(BOARDS) - 12]} boards |" in README
