# SPDX-License-Identifier: BSD-2-Clause
"""A small core for `firstspike check blocks`."""

from dataclasses import replace
from typing import Any

import numpy as np

from firstspike.golden import Network, differences, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import SimulationError

from .items import end_item, event_items
from .run import Stimulus, run_items, simulate

ADDRESS, TICK, ORDER = 1, 2, 4
"""Bits of `Results.error`."""

BAD_EVENTS = (
    ([(8, 3), (8, 20)], ADDRESS),
    ([(8, 31), (9, 3)], ADDRESS),
    ([(0, 3), (8, 4)], TICK),
    ([(8, 3), (51, 4)], TICK),
    ([(8, 3), (63, 4)], TICK),
    ([(9, 3), (8, 4)], ORDER),
    ([(50, 3), (1, 4), (8, 25)], ADDRESS | ORDER),
    ([(8, 3), (9, 4)], 0),
)
"""Spikes (tick, row) of images for 20 rows and a deadline of 50, and what is wrong with each."""


def example(*, seed: int = 1, **options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    rng = np.random.default_rng(seed)
    weights = random_weights(rng, (20, 13, 5), -4, 8)
    network = network_of(weights, (7, 5), encoding="levels-4")
    ticks = encode(network, rng.integers(0, 256, (40, 20)).astype(np.uint8))
    folding = Folding.of(network, CoreShape(lanes=4, window=2))
    inference = infer(network, ticks)
    expected = replace(inference, cycles=cycles(network, ticks, inference, folding))
    stimulus = Stimulus(checked=True, seed=seed)
    found = simulate(network, ticks, folding, stimulus=stimulus, **options)
    for difference in differences(expected, found):
        raise SimulationError(str(difference))
    _reject_bad_events(network, CoreConfig.of(network, folding), options)
    return "20-13-5, 4 lanes, windows of 4 ticks: 40 images, every spike and cycle"


def _reject_bad_events(network: Network, config: CoreConfig, options: dict[str, Any]) -> None:
    """Send images with bad events, with pauses, and ask for weights that are not there.

    Raises SimulationError if the core takes something for good that is bad, or the reverse.
    """
    items = [np.append(event_items(config, sent), end_item(config)) for sent, _ in BAD_EVENTS]
    sizes = [layer.words for layer in config.layers]
    highest = (1 << (max(sizes) - 1).bit_length()) - 1  # that the port has bits for
    outside = [(i, one) for i, size in enumerate(sizes) for one in (size, size + 1, highest)]
    stimulus = Stimulus(pauses=True, after=[(0, *one, 0) for one in outside])
    found, answers = run_items(network, config, items, stimulus, **options)
    expected = [causes for _, causes in BAD_EVENTS]
    if found.error.tolist() != expected:
        raise SimulationError(f"causes {found.error.tolist()} of bad events, expected {expected}")
    if not answers[:, 1].all():
        raise SimulationError(f"of the weights {outside} some are answered without an error")
