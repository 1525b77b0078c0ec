# SPDX-License-Identifier: BSD-2-Clause
"""Products with a constant, and numbers in fewer bits.

Products are shifts and additions: `*` would take a hardware multiplier.

>>> from amaranth.hdl import Const
>>> evaluated(times(5, Const(3, 4)))
15

(`evaluated` simulates a value for a moment.)
"""

from amaranth.hdl import Value


def times(constant: int, value: Value) -> Value | int:
    """`constant` times `value` (a hardware value); the int 0 where `constant` is 0.

    Raises ValueError for a negative constant.
    """
    if constant < 0:
        raise ValueError(f"a product's constant must be 0 or more, not {constant}.")
    total: Value | int = 0
    for bit in range(constant.bit_length()):
        if constant >> bit & 1:
            total = (value << bit) + total
    return total


def saturated(value: Value, width: int, excess: Value | int = 0) -> Value:
    """`value` in so many bits; all ones where it does not fit, or with `excess`."""
    return value[:width] | (value[width:].any() | excess).replicate(width)
