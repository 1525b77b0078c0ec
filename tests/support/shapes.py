# SPDX-License-Identifier: BSD-2-Clause
"""Small random networks and images by what a test says of them, and the check of a core."""

from dataclasses import replace
from math import floor
from typing import Any

import numpy as np

from firstspike.golden import Network, differences, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.direct import simulate_directly
from firstspike.sim.harness.networks import network_of, random_weights


def with_rows(config: dict[str, Any]) -> dict[str, Any]:
    """Widen the bitmap, if there is one, so that several rows per cycle can be taken from it."""
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
    found = list(differences(replace(inference, cycles=expected), run))
    assert not found, f"{config}: {len(found)} differences, the first: {found[0]}"
