# SPDX-License-Identifier: BSD-2-Clause
"""The figures of the README are those of today's networks, cycle model and boards."""

from pathlib import Path

import numpy as np
import pytest

from firstspike.boards.building.design import digit_pixels, image_cycles
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import encode, infer
from firstspike.golden.data.sets import bundled_test_set
from firstspike.golden.networks.shipped import load_network
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.link.protocol.folding import linked_folding

README = (Path(__file__).parents[2] / "README.md").read_text()

pytestmark = pytest.mark.long


def mean_cycles(shape: CoreShape) -> float:
    """Clock cycles of a digit in a core of `mnist-4bit` behind a link, over all 10,000."""
    network = load_network("mnist-4bit")
    ticks = encode(network.connected(), digit_pixels(network))
    return float(image_cycles(network, linked_folding(network, shape), ticks).mean())


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
    decided = infer(network, encode(network, pixels.reshape(len(pixels), -1))).decision
    assert sentence.format(100 * np.mean(decided == labels)) in README


def test_spikes():
    pixels, _ = bundled_test_set()
    network = load_network("mnist-8bit")
    found = infer(network, encode(network, pixels.reshape(len(pixels), -1)))
    spikes = found.input_spikes + found.hidden_spikes
    assert f"{spikes.mean():.0f} spikes per digit until the decision" in README


@pytest.mark.parametrize(
    ("shape", "clock", "sentence"),
    [
        (
            CoreShape(lanes=16, window=0),
            27,
            "{:,.0f} cycles from a digit to its decision: {:.0f} us at 27 MHz",
        ),
        (
            CoreShape(lanes=379, window=0, rows=4, overlap=True),
            78.125,
            "{:.1f} cycles from a digit to its decision: {:.3f} us at 78.125 MHz",
        ),
    ],
)
def test_cycles(shape, clock, sentence):
    mean = mean_cycles(shape)
    assert sentence.format(mean, mean / clock) in README


def test_number_of_boards():
    assert f"| {('twelve', 'thirteen', 'fourteen')[len(BOARDS) - 12]} boards |" in README
