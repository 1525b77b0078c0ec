"""Trees that search a word of bits: the first one set, and whether it is the only one."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Mux, Value


def first_set(bits):
    """Search `bits`, a value or list of one-bit values, from the lowest.

    Returns
    -------
    any, many, index
        Values: whether a bit is set, whether more than one is, and the lowest one's index
        (if any). A tree of logarithmic depth.
    """
    bits = list(bits)
    if len(bits) == 1:
        return bits[0], Const(0, 1), Const(0, 0)
    half = 1 << (len(bits) - 1).bit_length() - 1
    low_any, low_many, low_index = first_set(bits[:half])
    high_any, high_many, high_index = first_set(bits[half:])
    width = half.bit_length() - 1
    padded = Cat(high_index, Const(0, width))[:width]
    return (
        low_any | high_any,
        low_many | high_many | (low_any & high_any),
        Cat(Mux(low_any, low_index, padded)[:width], ~low_any),
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
