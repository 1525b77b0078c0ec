"""Images that overlap: spikes, decisions, statistics, cycles, and who waits for whom."""

from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden import differences, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.overlapped import overlapped_cycles
from firstspike.sim.direct import simulate_directly
from tests.support.pairwise import pairwise
from tests.support.shapes import make_images, make_network

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


def made(number, count=24):
    """A network of these sizes, images, and the folding."""
    config = SHAPES[number] | {"levels": 2, "late": "never"}
    rng = np.random.default_rng(number)
    network = make_network(config, rng)
    pixels, ticks = make_images(network, config, rng, count)
    folding = Folding.of(network, 100, bitmap=config["bitmap"], rows=config["rows"], overlap=True)
    return network, pixels, ticks, folding, config["pauses"]


@pytest.mark.parametrize("number", range(len(SHAPES)))
def test_core_of_any_shape_equals_golden(number):
    network, pixels, ticks, folding, pauses = made(number)
    expected = overlapped_cycles(network, ticks, infer(network, ticks), folding)
    run = simulate_directly(network, ticks, folding, pixels, pauses, number)
    if pauses:
        expected = replace(expected, cycles=None, apart=None)
    assert not list(differences(expected, run))


def test_images_alone_take_as_long_as_without_overlap():
    network, pixels, ticks, folding, _ = made(0)
    inference = infer(network, ticks)
    alone = Folding.of(network, 100, bitmap=folding.bitmap, rows=folding.layers[0].rows)
    lit = ticks.any(axis=1)  # without a spike it is the deadline that is gone to at once
    assert lit.sum() > 10
    found = cycles(network, ticks, inference, folding)
    assert np.array_equal(found[lit], cycles(network, ticks, inference, alone, pixels)[lit])
