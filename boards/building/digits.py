"""Bundled test digits as a core with a link takes them, and how long it takes for an image."""

from __future__ import annotations

import numpy as np

from firstspike.golden import Network, Results, bundled_test_set, encode, infer
from firstspike.golden.results import UNCOUNTED
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.messages import goes_as_bitmap


def digit_pixels(network: Network, count: int | None = None) -> np.ndarray | None:
    """The connected pixels uint8 [n, n_connected] of `count` digits, None for all.

    They are spread over the set, whose beginning is easier than the rest. None for a network that
    takes no black and white digits of that size.
    """
    pixels = bundled_test_set()[0]
    pixels = pixels[:: len(pixels) // (count or len(pixels))]
    if not network.takes_bitmap or network.n_inputs != pixels.shape[1]:
        return None
    return pixels[:, network.inputs]


def digit_cycles(network: Network, folding: Folding, pixels: np.ndarray) -> np.ndarray:
    """Clock cycles int64 [n] of `pixels`, for a core of `folding` that sees connected pixels."""
    seen = network.connected()
    ticks = encode(seen, pixels)
    return cycles(seen, ticks, infer(seen, ticks), folding, pixels)


def linked_cycles(
    network: Network, config: CoreConfig, ticks: np.ndarray, inference: Results
) -> np.ndarray:
    """Golden's clock cycles [n] of images, int32 [n, n_rows], on a core of that shape.

    `UNCOUNTED` for those that go as events, at the pace of the link.
    """
    predicted = np.full(len(ticks), UNCOUNTED)
    bitmaps = goes_as_bitmap(config, ticks)
    if bitmaps.any():
        seen, some = network.connected(), ticks[bitmaps]
        inferred = inference.select(bitmaps)
        predicted[bitmaps] = cycles(seen, some, inferred, config.folding, bitmap_pixels(some))
    return predicted


def bitmap_pixels(ticks: np.ndarray) -> np.ndarray:
    """The connected pixels, uint8 [n, n_rows], of images that spike at one tick alone."""
    return (ticks > 0).astype(np.uint8) * 255
