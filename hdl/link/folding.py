"""How a core is laid out in time that stands behind a link."""

from firstspike.golden.network import Network
from firstspike.golden.timing.folding import Folding

BITMAP_BITS = 8
"""Bits of a word of the Encoder, where there is one: the link brings a byte a cycle."""


def linked_folding(
    network: Network, lanes: int | None = None, window: int | None = None
) -> Folding:
    """As `Folding.of` for the connected inputs, with an Encoder where the network can have one.

    Raises NetworkError.
    """
    bitmap = BITMAP_BITS if network.takes_bitmap else None
    return Folding.of(network.connected(), lanes, window, bitmap)
