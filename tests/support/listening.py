# SPDX-License-Identifier: BSD-2-Clause
"""Small front ends for sound, networks behind them, and sounds that they hear."""

import numpy as np

from firstspike.golden import Network
from firstspike.golden.encodings.features import Features
from firstspike.golden.sound.defaults import resonant
from firstspike.golden.sound.front import FrontEnd
from firstspike.sim.harness.networks import network_of, random_weights

RATE = 8000
TONES = (500, 1000, 2000)


def listening_network() -> Network:
    """Return a network with three filters, whose words have 96 samples."""
    filters = tuple(resonant(f, 250, RATE) for f in TONES)
    front = FrontEnd(
        rate=RATE, slot=16, slots=2, frames=3, drop=24, least=40, before=2, after=1, contrast=2,
        filters=filters,
    )  # fmt: skip
    rng = np.random.default_rng(58)
    features = Features(None, False, True, sound=front)
    return network_of(
        random_weights(rng, (front.n_pixels + 1, 9, 4), -40, 60),
        (60, 50),
        bits=8,
        encoding="levels-8",
        features=features,
        classes=("low", "middle", "high", "none"),
    )


def sounds(count: int) -> np.ndarray:
    """Return `count` bursts of tones with silence between them, int16 [n]."""
    rng, parts = np.random.default_rng(5), []
    for _ in range(count):
        n = np.arange(rng.integers(30, 60))
        tone = np.sin(2 * np.pi * rng.uniform(300, 2500) * n / RATE) * rng.uniform(2000, 20_000)
        quiet = np.zeros(rng.integers(60, 250))
        parts += [tone + rng.normal(0, 20, len(n)), quiet]
    return np.rint(np.concatenate(parts)).astype(np.int16)


def front_end(resonances, **fields):
    """Return a small front end whose filters have these resonances, in Hz."""
    sizes = {"slot": 16, "slots": 2, "frames": 3, "drop": 20, "least": 20, "contrast": 2}
    sizes |= {"before": 0, "after": 0}
    bank = tuple(resonant(f, 200, 8000, 3 * number) for number, f in enumerate(resonances))
    return FrontEnd(rate=8000, filters=bank, **(sizes | fields))
