# SPDX-License-Identifier: BSD-2-Clause
"""A small front end with a core behind, for `firstspike check blocks`."""

from typing import Any

import numpy as np

from firstspike.golden import Features, Network
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.microphone import Microphone
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.golden.sound.usual import resonant
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.harness.networks import network_of, random_weights

from .listener import Heard, simulate


def small_network(front: FrontEnd, seed: int = 1) -> Network:
    """A network of random weights that hears with this front end."""
    features = Features(None, complement=True, constant=True, sound=front)
    sizes = (2 * front.n_pixels + 1, 7, 4)
    weights = random_weights(np.random.default_rng(seed), sizes, -4, 8)
    return network_of(weights, (9, 5), encoding="levels-8", features=features)


def tones(front: FrontEnd, seed: int = 1) -> np.ndarray:
    """Tones of several loudnesses in noise, with silence between them, int16 [n]."""
    rng, length = np.random.default_rng(seed), (front.window + 2) * front.slot
    parts = [np.zeros(length)]
    for f, loudness in ((300, 3000), (1000, 9000), (3000, 500), (700, 30000)):
        tone = loudness * np.sin(2 * np.pi * f / front.rate * np.arange(length))
        parts += [tone, np.zeros(2 * length)]
    x = np.concatenate(parts)
    return (x + rng.normal(0, 3, len(x))).clip(-(2**15), 2**15 - 1).astype(np.int16)


def hears_tones(front: FrontEnd, microphone: Microphone, **options: Any) -> Heard:
    """Play tones, and in the middle of a silence a microphone that is stuck at 0, then at 1.

    `options` are those of `listener.simulate`.
    """
    network = small_network(front)
    bits = microphone.bits(tones(front))
    stuck = len(bits) // 3
    for value in (0, 1):
        end = stuck + 3 * front.slot * microphone.bits_per_sample
        bits[stuck:end] = value
        stuck = end
    return simulate(network, Folding.of(network, CoreShape(lanes=2)), microphone, bits, **options)


def example(**options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    filters = tuple(resonant(f, 200, 8000, 3) for f in (300, 1000, 3000))
    quiet = {"before": 0, "after": 0}
    front = FrontEnd(8000, 16, 2, 3, drop=20, least=20, contrast=2, filters=filters, **quiet)
    heard = hears_tones(front, PdmMicrophone(4, 64, 2), **options)
    return f"3 filters, 2 lanes: {len(heard.words)} words from a microphone's bits to the decision"
