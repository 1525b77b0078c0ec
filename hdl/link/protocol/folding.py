# SPDX-License-Identifier: BSD-2-Clause
"""The folding of a core that is connected to a link."""

from dataclasses import replace

from firstspike.golden.network import Network, NetworkError
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import ANY_SHAPE, CoreShape

BITMAP_BITS = 8
"""Bits of an Encoder word per row that the core adds per cycle; the link delivers one byte."""


def bitmap_bits(rows: int) -> int:
    """Return the bits of a word of the Encoder: `BITMAP_BITS` for each of `rows` banks."""
    return BITMAP_BITS * rows


def linked_folding(network: Network, shape: CoreShape = ANY_SHAPE) -> Folding:
    """Return the folding of a core with a link, for the connected inputs of `network`.

    The core has a bitmap if the network accepts one; the bitmap of `shape` is ignored. Raises
    NetworkError for several rows per cycle of a network without bitmap.
    """
    rows = shape.rows or 1
    if rows > 1 and not network.takes_bitmap:
        raise NetworkError(
            "over the link the events of this network come one at a time: leave several rows out"
        )
    bitmap = bitmap_bits(rows) if network.takes_bitmap else None
    return Folding.of(network.connected(), replace(shape, bitmap=bitmap))
