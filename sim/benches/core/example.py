# SPDX-License-Identifier: BSD-2-Clause
"""A small core for `firstspike check blocks`."""

from dataclasses import replace
from typing import Any

import numpy as np

from firstspike.golden import Network, differences, encode, events, infer
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
    ((9, 20), ADDRESS),
    ((9, 31), ADDRESS),
    ((0, 19), TICK | ORDER),
    ((51, 19), TICK),
    ((63, 19), TICK),
    ((8, 19), ORDER),
    ((1, 19), ORDER),
    ((8, 24), ADDRESS | ORDER),
)
"""Spikes (tick, row) that are bad for 20 rows and a deadline of 50, behind one at 9; and why."""


def example(*, seed: int = 1, **options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    rng = np.random.default_rng(seed)
    weights = random_weights(rng, (20, 13, 5), -4, 8)
    network = network_of(weights, (7, 5), encoding="levels-4")
    pixels = rng.integers(0, 256, (100, 20)).astype(np.uint8)
    pixels[1::2] *= rng.random((50, 20)) < 0.2  # so that some decisions are forced
    ticks = encode(network, pixels)
    folding = Folding.of(network, CoreShape(lanes=4, window=2))
    inference = infer(network, ticks)
    expected = replace(inference, cycles=cycles(network, ticks, inference, folding))
    stimulus = Stimulus(checked=True, seed=seed)
    found = simulate(network, ticks, folding, stimulus=stimulus, **options)
    for difference in differences(expected, found):
        raise SimulationError(str(difference))
    _reject_bad_events(network, CoreConfig.of(network, folding), options)
    return "20-13-5, 4 lanes, windows of 4 ticks: 100 images, every spike and cycle"


def _reject_bad_events(network: Network, config: CoreConfig, options: dict[str, Any]) -> None:
    """Send images with bad events, with pauses, and ask for weights that are not there.

    Raises SimulationError if the core takes something for good that is bad, or the reverse.
    """
    ticks = np.where(np.arange(20) < 12, 9, 25) * (np.arange(20) < 19)
    good = events(ticks).tolist()
    images = [[*good[:12], bad, *good[12:]] for bad, _ in BAD_EVENTS]
    items = [np.append(event_items(config, sent), end_item(config)) for sent in images]
    sizes = [layer.words for layer in config.layers]
    highest = (1 << (max(sizes) - 1).bit_length()) - 1  # that the port has bits for
    outside = [(i, one) for i, size in enumerate(sizes) for one in (size, size + 1, highest)]
    stimulus = Stimulus(pauses=True, after=[(0, *one, 0) for one in outside])
    found, answers = run_items(network, config, items, stimulus, **options)
    expected = infer(network, np.repeat(ticks[None], len(items), axis=0))
    expected = replace(expected, error=np.array([causes for _, causes in BAD_EVENTS]))
    for difference in differences(expected, replace(found, cycles=None)):
        raise SimulationError(f"with bad events: {difference}")
    if not answers[:, 1].all():
        raise SimulationError(f"of the weights {outside} some are answered without an error")
