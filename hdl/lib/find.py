"""Trees that search a word of bits: the first one set, and whether it is the only one."""

from functools import reduce
from operator import or_
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Mux, Value


class Found(NamedTuple):
    """What a search says, as values: the index of the lowest bit that is set, if any is."""

    any: Value
    many: Value
    """More than one is set."""
    index: Value


def first_set(bits) -> Found:
    """Search `bits`, a value or list of one-bit values, from the lowest: a logarithmic tree."""
    bits = list(bits)
    if len(bits) == 1:
        return Found(bits[0], Const(0, 1), Const(0, 0))
    half = 1 << (len(bits) - 1).bit_length() - 1
    low, high = first_set(bits[:half]), first_set(bits[half:])
    width = half.bit_length() - 1
    padded = Cat(high.index, Const(0, width))[:width]
    return Found(
        low.any | high.any,
        low.many | high.many | (low.any & high.any),
        Cat(Mux(low.any, low.index, padded)[:width], ~low.any),
    )


def without_first(bits):
    """`bits` with the lowest one cleared, without a carry chain."""
    bits = list(bits)
    return Cat(bit & Cat(bits[:i]).any() for i, bit in enumerate(bits))


def lowest_set(bits):
    """`bits` with all but the lowest one cleared."""
    bits = list(bits)
    return Cat(bit & ~Cat(bits[:i]).any() for i, bit in enumerate(bits))


def chosen(bits, values):
    """The one of `values` whose bit is set, if only one is: found sooner than by an index."""
    return reduce(or_, (Mux(bit, Value.cast(v), 0) for bit, v in zip(bits, values, strict=True)))
