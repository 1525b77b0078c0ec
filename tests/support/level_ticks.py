# SPDX-License-Identifier: BSD-2-Clause
"""The tick of a level, as section 2 of the design has it."""

from firstspike.golden import Network


def level_tick(network: Network, q: int) -> int:
    """Return the tick at which an input of level q spikes, 0 for never."""
    N, unit = network.levels, network.unit
    if q == 0:
        return max(network.late, 0)
    return unit + ((N - 1 - q) * 5 * unit) // (N - 1)
