# SPDX-License-Identifier: BSD-2-Clause
"""Counts that take little logic.

>>> from amaranth.hdl import Const
>>> count = Const(6, 3)
>>> [evaluated(next_or(Const(load), 3, count)) for load in (0, 1)]
[7, 3]
>>> [evaluated(previous_or(Const(load), 3, count)) for load in (0, 1)]
[5, 3]
"""

from amaranth.hdl import Cat, Mux, Value, ValueLike

TAPS = {
    4: (4, 3),
    5: (5, 3),
    6: (6, 5),
    7: (7, 6),
    8: (8, 6, 5, 4),
    9: (9, 5),
    10: (10, 7),
    11: (11, 9),
    12: (12, 6, 4, 1),
    13: (13, 4, 3, 1),
    14: (14, 5, 3, 1),
}
"""Bits, counted from 1, whose exclusive or makes a shift register of this width pass all states
but 0 (P. Alfke, Xilinx application note 52)."""


def next_place(place: Value) -> Value:
    """Return what follows `place`, so that all 2**n places of n bits take turns; n is in TAPS.

    The order is its own, for addresses of a memory whose places are all alike. A shift register
    takes no carry chain, so what loads it costs nothing. A state of one bit is followed by 0, which
    the taps alone would leave out.
    """
    taps = Cat(place[tap - 1] for tap in TAPS[len(place)]).xor()
    return Cat(taps ^ ~place[:-1].any(), place[:-1])


def next_of_most(place: Value) -> Value:
    """Return what follows `place`, so that all places but the last one, all ones, take turns.

    It needs less logic than `next_place`; n is in TAPS.
    """
    taps = Cat(place[tap - 1] for tap in TAPS[len(place)]).xor()
    return Cat(~taps, place[:-1])


def next_or(load: Value, value: ValueLike, count: Value) -> Value:
    """Return `count` + 1, or `value` with `load`.

    An adder whose other operand is `load` gives the same sum, and then one look-up table per bit of
    the iCE40 makes both the sum and the choice.
    """
    return Mux(load, value, (count - (~load).replicate(len(count)))[: len(count)])


def previous_or(load: Value, value: ValueLike, count: Value) -> Value:
    """Return `count` - 1, or `value` with `load`; as small as `next_or`."""
    return Mux(load, value, (count + (~load).replicate(len(count)))[: len(count)])
