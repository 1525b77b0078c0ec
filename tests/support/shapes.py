# SPDX-License-Identifier: BSD-2-Clause
"""Small random networks and images by what a test says of them, and the check of a core."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor
from typing import Any

import numpy as np

from firstspike.golden import Network, differences, encode, infer
from firstspike.golden.layers.registry import geometry_of, layers_of
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.direct import simulate_directly
from firstspike.sim.harness.networks import network_of, random_weights


def with_rows(config: dict[str, Any]) -> dict[str, Any]:
    """Widen the bitmap, if there is one, as several rows per cycle need it."""
    rows, bitmap = config["rows"], config["bitmap"]
    if rows == 1 or bitmap is None:
        return config
    return config | {"bitmap": -(-bitmap // rows) * rows}


def make_network(
    config: dict[str, Any], rng: np.random.Generator, lowest: float = 2 / 3
) -> Network:
    """A network of these sizes, bits, times and encoding.

    Its weights go up to the largest there is, and as a part of that down to the `lowest`.
    """
    sizes, bits = config["sizes"], config["bits"]
    half = 1 << bits - 1
    encoding, late = f"levels-{config['levels']}", config["late"]
    deadline = 6 * config["unit"] + config["slack"]
    if config["bitmap"]:  # takes binary networks only
        encoding, late = "binary", "never"
    n_inputs = sizes[0] + config["unconnected"]
    return network_of(
        random_weights(rng, sizes, floor(-half * lowest), half),
        # So that some neurons fire soon and others late; mostly no powers of two.
        [int(rng.integers(1, 2 + half * min(n, 8) // 4)) for n in sizes[:-1]],
        bits=bits,
        unit=config["unit"],
        deadline=deadline,
        n_inputs=n_inputs,
        inputs=np.sort(rng.choice(n_inputs, sizes[0], replace=False)),
        encoding=encoding,
        late={"never": -1, "first": 1, "unit": config["unit"], "deadline": deadline}[late],
    )


def make_images(
    network: Network, config: dict[str, Any], rng: np.random.Generator, count: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and ticks: in each eight images bright and dark ones, an empty one, and ticks that no
    pixel has.
    """
    pixels = rng.integers(0, 256, (count, network.n_inputs)).astype(np.uint8)
    pixels[3::8] //= 2
    pixels[4::8] //= 2
    pixels[5::8] = 0
    ticks = encode(network, pixels)
    if config["bitmap"] is None:
        ticks[6::8] = rng.integers(0, network.deadline + 1, ticks[6::8].shape)
        first = rng.choice([1, network.deadline])  # all at the deadline, in half of the networks
        ticks[7::8] = rng.choice([0, first, network.deadline], ticks[7::8].shape)
    return pixels, ticks


def check_core(
    network: Network, pixels: np.ndarray, ticks: np.ndarray, config: dict[str, Any], seed: int
) -> None:
    """Hold the core, on Amaranth's simulator, against golden: spikes, decisions, figures, cycles.

    With pauses it takes at least as many cycles.
    """
    arguments = (config[name] for name in ("lanes", "window", "bitmap", "rows"))
    shape = CoreShape(*arguments, one_tick=config.get("one_tick"))
    folding = Folding.of(network, shape)
    run = simulate_directly(
        network, ticks, folding, pixels, config["pauses"], seed, config["any_weights"]
    )
    inference = infer(network, ticks)
    expected = cycles(network, ticks, inference, folding, pixels)
    if config["pauses"]:
        assert np.all(run.cycles >= expected)
        expected = run.cycles
    mismatches = list(differences(replace(inference, cycles=expected), run))
    assert not mismatches, f"{config}: {len(mismatches)} differences, the first: {mismatches[0]}"


# Few combinations of parameter values such that every pair of values occurs in one of them.


def pairwise(parameters: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Cover every pair of values of two parameters; deterministic and greedy.

    Each combination begins with a pair that is still open; the other parameters then take, one
    after the other, the value that closes the most open pairs.
    """
    names = list(parameters)
    open_ = {
        frozenset({(a, i), (b, j)})
        for a, b in itertools.combinations(names, 2)
        for i in range(len(parameters[a]))
        for j in range(len(parameters[b]))
    }
    combinations = []
    while open_:
        chosen = dict(min(open_, key=sorted))
        for name in names:
            if name not in chosen:
                chosen[name] = max(
                    range(len(parameters[name])),
                    key=lambda i, name=name: sum(
                        frozenset({(name, i), other}) in open_ for other in chosen.items()
                    ),
                )
        open_ -= {frozenset(pair) for pair in itertools.combinations(chosen.items(), 2)}
        combinations.append({name: parameters[name][chosen[name]] for name in names})
    return combinations


# Random networks whose layers convolve.


def convolving_network(
    seed: int = 0,
    hidden: tuple[int | str, ...] = ("3c3s2p1", "4c2", 6),
    size: tuple[int, int] = (6, 5),
    maps: int = 2,
    n_classes: int = 3,
) -> Network:
    """A network with the hidden layers `hidden` over maps of `size`, and random weights."""
    rng = np.random.default_rng(seed)
    n_in = maps * size[0] * size[1]
    layers = layers_of(hidden, n_in, n_classes, size)
    weights = tuple(rng.integers(-10, 22, (one.rows, one.columns)) for one in layers)
    bits, thresholds = (7,) * len(layers), (40,) * len(layers)
    geometry = geometry_of(layers)
    return Network(weights, bits, thresholds, 8, 48, n_in, np.arange(n_in), geometry=geometry)
