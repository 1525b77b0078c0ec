# SPDX-License-Identifier: BSD-2-Clause
"""How a core is laid out in time that stands behind a link."""

from dataclasses import replace

from firstspike.golden.network import Network, NetworkError
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import ANY_SHAPE, CoreShape

BITMAP_BITS = 8
"""Bits of a word of the Encoder, where there is one, for each row a cycle.

The link brings a byte a cycle."""


def bitmap_bits(rows: int) -> int:
    """Bits of a word of the Encoder for `rows` rows a cycle: so many that all banks have work."""
    return BITMAP_BITS * rows


def linked_folding(network: Network, shape: CoreShape = ANY_SHAPE) -> Folding:
    """The folding behind a link: of the connected inputs, with a bitmap if the network takes one.

    The bitmap of `shape` is ignored. Raises NetworkError.
    """
    rows = shape.rows or 1
    if rows > 1 and not network.takes_bitmap:
        raise NetworkError(
            "over the link the events of this network come one at a time: leave several rows out"
        )
    bitmap = bitmap_bits(rows) if network.takes_bitmap else None
    return Folding.of(network.connected(), replace(shape, bitmap=bitmap))
