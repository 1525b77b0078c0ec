# SPDX-License-Identifier: BSD-2-Clause
"""Priority encoders and related trees over a word of bits.

    >>> from amaranth.hdl import Const
    >>> found = first_set(Const(0b1100, 4))
    >>> [evaluated(value) for value in (found.any, found.many, found.index)]
    [1, 1, 2]
    >>> [evaluated(f(Const(0b1100, 4))) for f in (without_first, lowest_set)]
    [8, 4]
    >>> [evaluated(value) for value in several(Const(0b1100, 4))]
    [1, 1, 0]
    >>> evaluated(chosen(Const(0b10, 2), [Const(5), Const(7)]))
    7

(`evaluated` simulates an expression and returns its value.)
"""

from collections.abc import Iterable
from functools import reduce
from itertools import combinations
from operator import or_
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Mux, Value, ValueLike

_BLOCK = 16
"""Number of bits that `without_first` processes flat; it splits longer words into blocks."""


class SearchResult(NamedTuple):
    """The outputs of a priority encoder."""

    any: Value
    """At least one bit is set."""
    many: Value
    """More than one bit is set."""
    index: Value
    """Index of the lowest bit that is set."""


def first_set(bits: Value | Iterable[Value]) -> SearchResult:
    """Find the lowest set bit of `bits`, a value or one-bit values, in a tree of logarithmic depth.

    Raises ValueError if `bits` is empty.
    """
    bits = list(bits)
    if not bits:
        raise ValueError("a search needs at least 1 bit, not 0.")
    if len(bits) == 1:
        return SearchResult(bits[0], Const(0, 1), Const(0, 0))
    half = 1 << (len(bits) - 1).bit_length() - 1
    low, high = first_set(bits[:half]), first_set(bits[half:])
    width = half.bit_length() - 1
    padded = Cat(high.index, Const(0, width))[:width]
    return SearchResult(
        low.any | high.any,
        low.many | high.many | (low.any & high.any),
        Cat(Mux(low.any, low.index, padded)[:width], ~low.any),
    )


def without_first(bits: Value | Iterable[Value]) -> Value:
    """Return `bits` with the lowest set bit cleared, without a carry chain."""
    bits = list(bits)
    if len(bits) <= _BLOCK:
        return Cat(bit & Cat(bits[:i]).any() for i, bit in enumerate(bits))
    blocks = [bits[i : i + _BLOCK] for i in range(0, len(bits), _BLOCK)]
    filled = [Cat(block).any() for block in blocks]
    return Cat(
        Cat(block) & (without_first(block) | Cat(filled[:i]).any().replicate(len(block)))
        for i, block in enumerate(blocks)
    )


def several(bits: Value | Iterable[Value]) -> tuple[Value, Value, Value]:
    """Return whether at least 1, 2 and 3 of `bits` are set; a tree with four branches per node."""
    bits = list(bits)
    if len(bits) == 1:
        return bits[0], Const(0, 1), Const(0, 1)
    size = 1
    while 4 * size < len(bits):
        size *= 4
    branches = [several(bits[start : start + size]) for start in range(0, len(bits), size)]
    ones, twos, threes = (list(flags) for flags in zip(*branches, strict=True))
    # Whether at least two, and at least three, branches have a set bit.
    two, three = (
        Cat(Cat(subset).all() for subset in combinations(ones, number)).any() for number in (2, 3)
    )
    return (
        Cat(ones).any(),
        Cat(two, twos).any(),
        Cat(three, two & Cat(twos).any(), threes).any(),
    )


def lowest_set(bits: Value | Iterable[Value]) -> Value:
    """Return `bits` with all but the lowest set bit cleared, as a one-hot word."""
    bits = list(bits)
    return Cat(bit & ~Cat(bits[:i]).any() for i, bit in enumerate(bits))


def chosen(bits: Value | Iterable[Value], values: Iterable[ValueLike]) -> Value:
    """Return the element of `values` that the one-hot `bits` select; 0 if no bit is set.

    This AND-OR multiplexer is faster than a priority encoder followed by an index.
    """
    return reduce(or_, (Mux(bit, Value.cast(v), 0) for bit, v in zip(bits, values, strict=True)))
