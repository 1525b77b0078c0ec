# SPDX-License-Identifier: BSD-2-Clause
"""Population count: how many bits of a word are set.

    >>> from amaranth.hdl import Const
    >>> evaluated(popcount(Const(0b1011, 4)))
    3

(`evaluated` simulates a value for a moment.)
"""

from collections.abc import Iterable, Sequence

from amaranth.hdl import Cat, Value

GROUP_BITS = 7
"""Bits that full adders count; more are added up with carry chains.

Yosys made the smallest circuit with 7, on iCE40 and on ECP5, compared with 1, 3, 5, 6 and 10. That
circuit was a count of 10 bits with a comparison behind it.
"""


def popcount(bits: Value | Iterable[Value]) -> Value:
    """How many of `bits` (a value, or one-bit values) are set; combinational.

    Raises ValueError without a bit.
    """
    bits = list(bits)
    if not bits:
        raise ValueError("a population count needs at least 1 bit, not 0.")
    counts = _count_groups(bits)
    while len(counts) > 1:
        counts = _add_pairs(counts)
    return counts[0][: len(bits).bit_length()]


def _count_groups(bits: Sequence[Value]) -> list[Value]:
    return [_add_bits(bits[i : i + GROUP_BITS]) for i in range(0, len(bits), GROUP_BITS)]


def _add_bits(bits: Sequence[Value]) -> Value:
    """Full adders turn three bits of a weight into one of the same and one of twice the weight.

    The oldest first, so that the tree is balanced: about one adder a bit.
    """
    count = []
    column = list(bits)
    while column:
        carries = []
        while len(column) > 1:
            taken, column = column[:3], column[3:]
            if len(taken) == 3:
                a, b, c = taken
                column.append(a ^ b ^ c)
                carries.append((a & b) | (c & (a ^ b)))
            else:
                a, b = taken
                column.append(a ^ b)
                carries.append(a & b)
        count += column
        column = carries
    return Cat(count)


def _add_pairs(counts: list[Value]) -> list[Value]:
    return [sum(counts[i + 1 : i + 2], counts[i]) for i in range(0, len(counts), 2)]
