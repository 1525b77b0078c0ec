# SPDX-License-Identifier: BSD-2-Clause
"""How a core is laid out in time that stands behind a link."""

from firstspike.golden.network import Network, NetworkError
from firstspike.golden.timing.folding import Folding

BITMAP_BITS = 8
"""Bits of a word of the Encoder, where there is one, for each row a cycle.

The link brings a byte a cycle."""


def bitmap_bits(rows: int) -> int:
    """Bits of a word of the Encoder for `rows` rows a cycle: so many that all banks have work."""
    return BITMAP_BITS * rows


def linked_folding(
    network: Network,
    lanes: int | None = None,
    window: int | None = None,
    rows: int | None = None,
    overlap: bool | None = None,
) -> Folding:
    """As `Folding.of` for the connected inputs, with an Encoder where the network can have one.

    Raises NetworkError.
    """
    rows = rows or 1
    if rows > 1 and not network.takes_bitmap:
        raise NetworkError(
            "over the link the events of this network come one at a time: leave several rows out"
        )
    bitmap = bitmap_bits(rows) if network.takes_bitmap else None
    return Folding.of(network.connected(), lanes, window, bitmap, rows, overlap)
