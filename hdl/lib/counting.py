# SPDX-License-Identifier: BSD-2-Clause
"""Counters that take little logic.

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
"""Feedback taps, numbered from 1, of a maximal-length shift register of each width (P. Alfke,
Xilinx application note 52). Such a register passes through all states but 0."""


def next_address(address: Value) -> Value:
    """Return the address after `address` in a cycle of all 2**n values of n bits; n is in TAPS.

    The order is that of a shift register, not ascending, which suits a memory whose addresses are
    interchangeable. A shift register needs no carry chain, so a load needs no additional look-up
    table. The feedback inserts the state 0, which a plain shift register with these taps omits.
    """
    taps = Cat(address[tap - 1] for tap in TAPS[len(address)]).xor()
    return Cat(taps ^ ~address[:-1].any(), address[:-1])


def next_of_most(address: Value) -> Value:
    """Return the address after `address` in a cycle through all values except all ones.

    The logic is smaller than that of `next_address`. The width of `address` is in TAPS.
    """
    taps = Cat(address[tap - 1] for tap in TAPS[len(address)]).xor()
    return Cat(~taps, address[:-1])


def next_or(load: Value, value: ValueLike, count: Value) -> Value:
    """Return `count` + 1, or `value` with `load`.

    The second operand of the adder depends on `load` only, so one look-up table of the iCE40
    implements the sum and the multiplexer of a bit.
    """
    return Mux(load, value, (count - (~load).replicate(len(count)))[: len(count)])


def previous_or(load: Value, value: ValueLike, count: Value) -> Value:
    """Return `count` - 1, or `value` with `load`; the logic is as small as that of `next_or`."""
    return Mux(load, value, (count + (~load).replicate(len(count)))[: len(count)])
