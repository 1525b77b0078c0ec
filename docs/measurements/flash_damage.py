# SPDX-License-Identifier: BSD-2-Clause
"""Damages 1,000 bytes of a flash, one by one, and lets two designs start from each.

    python -m docs.measurements.flash_damage

After each start images are offered. The design without a computer must say what is wrong, and no
class. The one with the link must tell what is wrong, and refuse the image.
"""

import numpy as np

from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.damaged_flash import damage
from tests.support.flashed_link import damage_link
from tests.support.link_board import small_network

COUNT = 1000


def main() -> None:
    """Print how many bytes were damaged; an error says what was wrong."""
    weights = random_weights(np.random.default_rng(6), (44, 20, 5), -40, 60)
    network = network_of(weights, (100, 60), bits=8, encoding="levels-4")
    size = damage(network, CoreShape(lanes=4), COUNT, images=2)
    print(f"{COUNT} of {size} bytes were damaged one by one: no class was said.")
    size = damage_link(COUNT, small_network(n_inputs=96, hidden=(24,)))
    print(f"{COUNT} of {size} bytes, with the link: every image was refused.")


if __name__ == "__main__":
    main()
