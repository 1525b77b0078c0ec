# SPDX-License-Identifier: BSD-2-Clause
"""Damages 1,000 bytes of a flash, one by one, and lets a design start from each.

    python -m tests.support.flash_damage

After each start images are offered. The design must say what is wrong, and no class.
"""

import numpy as np

from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.benches.alone.example import damage
from firstspike.sim.harness.networks import network_of, random_weights

COUNT = 1000


def main() -> None:
    """Print how many bytes were damaged; an error says what was wrong."""
    weights = random_weights(np.random.default_rng(6), (44, 20, 5), -40, 60)
    network = network_of(weights, (300, 200), bits=8, encoding="levels-4")
    size = damage(network, CoreShape(lanes=4), COUNT, images=2)
    print(f"{COUNT} of {size} bytes were damaged one by one: no class was said.")


if __name__ == "__main__":
    main()
