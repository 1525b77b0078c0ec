# SPDX-License-Identifier: BSD-2-Clause
"""The choice of a core's window by the cycle model, on the examples in the network."""

from dataclasses import replace
from functools import lru_cache

from firstspike.golden.integer import infer
from firstspike.golden.network import Network

from .cycles import cycles
from .folding import Folding
from .layer import MAX_WINDOW
from .shape import CoreShape


@lru_cache(32)
def window_cycles(network: Network, shape: CoreShape) -> tuple[float, ...]:
    """Return the mean clock cycles of `network.examples` with each window from 0 to MAX_WINDOW.

    The examples enter as events. Returns an empty tuple if there are none, or if no layer of a core
    of this shape has a window. Raises NetworkError for a shape that the network does not allow, if
    there are examples.
    """
    ticks = network.examples
    if ticks is None or network.max_spikes > 1:
        return ()
    shape = replace(shape, bitmap=None, overlap=None, one_tick=None)
    foldings = [Folding.of(network, replace(shape, window=k)) for k in range(MAX_WINDOW + 1)]
    if not any(layer.window for layer in foldings[-1].layers):
        return ()
    results = infer(network, ticks)
    return tuple(float(cycles(network, ticks, results, one).mean()) for one in foldings)


def describe_window(network: Network, shape: CoreShape) -> str | None:
    """Return the window that `Folding.of` chooses, and the reason; None if it has no choice."""
    if shape.window is not None or not (means := window_cycles(network, shape)):
        return None
    assert network.examples is not None
    listed = ", ".join(f"{mean:.0f} with {k}" for k, mean in enumerate(means))
    return (
        f"window {means.index(min(means))}, the fastest for the {len(network.examples)} examples "
        f"in the network: {listed} cycles on average"
    )
