# SPDX-License-Identifier: BSD-2-Clause
"""Small front ends for motion, a network behind one, and movements."""

from dataclasses import replace

import numpy as np

from firstspike.golden import Features, Network
from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.motion.usual import USUAL
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.streams import Payload

FULL = 1 << 15

SMALL = replace(USUAL, frame=4, frames=5, hop=2, downs=(5, 0, 9))
ONE = replace(USUAL, frame=2, frames=1, hop=3, least=0, contrast=0, downs=(4,))
FRONT = MotionFrontEnd(
    rate=52, frame=4, frames=3, hop=2, least=60, contrast=2, downs=(5, 5, 5, 6, 6, 6)
)


def small_network(front: MotionFrontEnd = FRONT, seed: int = 1) -> Network:
    """A network of random weights that watches motion with this front end."""
    features = Features(None, complement=True, constant=True, motion=front)
    sizes = (2 * front.n_pixels + 1, 7, 4)
    weights = random_weights(np.random.default_rng(seed), sizes, -4, 8)
    return network_of(weights, (9, 5), encoding="levels-8", features=features)


def movement(front: MotionFrontEnd, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return samples int16 [n, axes] of any size, some of them at the limits."""
    loudness = 10 ** rng.uniform(0, 5, (-(-n // front.frame), front.axes))
    x = rng.normal(0, 1, (n, front.axes)) * np.repeat(loudness, front.frame, axis=0)[:n]
    return np.clip(np.rint(x), -FULL, FULL - 1).astype(np.int16)


def frame_payloads(front: MotionFrontEnd, x: np.ndarray) -> list[Payload]:
    """Return the frames of samples int16 [n, axes], of which the first follows a gap."""
    means, changes = front.frames_of(x)
    return [
        {"mean": mean, "change": change, "first": int(number == 0)}
        for number, row in enumerate(zip(means.tolist(), changes.tolist(), strict=True))
        for mean, change in zip(*row, strict=True)
    ]
