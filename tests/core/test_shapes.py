"""Cores of every shape against the golden model: spikes, decisions, statistics and cycles.

Small random networks on Amaranth's simulator. Every pair of values of two parameters occurs.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden import Network, differences, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.sim.direct import simulate_directly
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.pairwise import pairwise

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
        "unconnected": [0, 9],
        "pauses": [False, True],
        "any_weights": [False, True],
    }
)


def make_network(config: dict, rng: np.random.Generator) -> Network:
    sizes, bits = config["sizes"], config["bits"]
    half = 1 << bits - 1
    encoding, late = f"levels-{config['levels']}", config["late"]
    deadline = 6 * config["unit"] + config["slack"]
    if config["bitmap"]:  # takes binary networks only
        encoding, late = "binary", "never"
    n_inputs = sizes[0] + config["unconnected"]
    return network_of(
        random_weights(rng, sizes, -half * 2 // 3, half),
        # So that some neurons fire soon and others late; mostly no powers of two.
        [int(rng.integers(1, 2 + half * min(n, 8) // 4)) for n in sizes[:-1]],
        bits=bits,
        unit=config["unit"],
        deadline=deadline,
        n_inputs=n_inputs,
        inputs=np.sort(rng.choice(n_inputs, sizes[0], replace=False)),
        encoding=encoding,
        late={"never": -1, "first": 1, "deadline": deadline}[late],
    )


def make_images(network: Network, config: dict, rng: np.random.Generator):
    """Pixels and ticks: bright and dark images, an empty one, and ticks that no pixel has."""
    pixels = rng.integers(0, 256, (8, network.n_inputs)).astype(np.uint8)
    pixels[3:5] //= 2
    pixels[5] = 0
    ticks = encode(network, pixels)
    if config["bitmap"] is None:
        ticks[6] = rng.integers(0, network.deadline + 1, ticks.shape[1])
        ticks[7] = rng.choice([0, 1, network.deadline], ticks.shape[1])
    return pixels, ticks


@pytest.mark.parametrize("number", range(len(SHAPES)))
def test_core_of_any_shape_equals_golden(number):
    config = SHAPES[number]
    rng = np.random.default_rng(number)
    network = make_network(config, rng)
    pixels, ticks = make_images(network, config, rng)
    folding = Folding.of(network, config["lanes"], config["window"], config["bitmap"])
    run = simulate_directly(
        network, ticks, folding, pixels, config["pauses"], number, config["any_weights"]
    )
    inference = infer(network, ticks)
    expected = cycles(network, ticks, inference, folding, pixels)
    if config["pauses"]:
        assert np.all(run.cycles >= expected)
        expected = run.cycles
    assert not list(differences(replace(inference, cycles=expected), run)), config


@pytest.mark.parametrize(("lanes", "window"), [(70, 0), (35, 0), (35, 4), (16, 0)])
def test_masks_wait_while_many_that_fired_are_sent(lanes, window):
    """All hidden neurons fire at one tick, and no output before the deadline."""
    weights = np.full((20, 70), 7), np.full((70, 3), -1)
    network = network_of(weights, (4, 4), unit=16, deadline=120)
    ticks = encode(network, np.full((2, 20), 255, np.uint8))
    folding = Folding.of(network, lanes, window)
    inference = infer(network, ticks)
    assert np.unique(inference.hidden[0]).size == 1
    assert inference.forced.all()
    run = simulate_directly(network, ticks, folding, None, False, 1, False)
    expected = cycles(network, ticks, inference, folding)
    assert not list(differences(replace(inference, cycles=expected), run))


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
