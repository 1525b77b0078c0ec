# SPDX-License-Identifier: BSD-2-Clause
"""Multiplication, division and comparison with a constant, and saturation to fewer bits.

Products consist of shifts and additions, because `*` would infer a hardware multiplier.

>>> from amaranth.hdl import Const
>>> evaluated(times(5, Const(3, 4)))
15

>>> [evaluated(below(Const(value, 4), 6)) for value in (5, 6, 14)]
[1, 0, 0]

>>> evaluated(plus(Const(-3, 8), Const(100, 8), Const(1)))
98

>>> [bin(evaluated(saturated(Const(value, 16), 7, highest=96))) for value in (5, 128, 133)]
['0b101', '0b1110000', '0b1110101']

(`evaluated` simulates an expression and returns its value.)
"""

from amaranth.hdl import Cat, Const, Value


def times(constant: int, value: Value) -> Value | int:
    """Return `constant` times the hardware value `value`; the int 0 if `constant` is 0.

    Raises ValueError for a negative constant.
    """
    if constant < 0:
        raise ValueError(f"a product's constant must be 0 or more, not {constant}.")
    total: Value | int = 0
    for bit in range(constant.bit_length()):
        if constant >> bit & 1:
            total = (value << bit) + total
    return total


def below(value: Value, constant: int) -> Value:
    """Return whether the unsigned `value` is below `constant`, which is 0 or more.

    A look-up table of the iCE40 covers about three bits of `value`; `<` would use one cell per bit.
    """
    if constant >> len(value):
        return Const(1)
    is_below: Value = Const(0)
    for number, bit in enumerate(value):  # low bits decide if all higher bits are equal
        is_below = ~bit | is_below if constant >> number & 1 else ~bit & is_below
    return is_below


def quotient(value: Value, divisor: int, highest: int) -> Value:
    """Return `value` // `divisor`, rounded down, for a value in 0 .. `highest`.

    The quotient is (value * factor) >> shift with a constant factor (Granlund and Montgomery 1994).
    Raises ValueError for a divisor below 1.

    >>> [evaluated(quotient(Const(value, 10), 28, 783)) for value in (0, 27, 28, 783)]
    [0, 0, 1, 27]
    """
    if divisor < 1:
        raise ValueError(f"a divisor must be 1 or more, not {divisor}.")
    shift = 0
    while (-(1 << shift) % divisor) * highest >= 1 << shift:
        shift += 1
    return Value.cast(times(-(-(1 << shift) // divisor), value))[shift:]


def plus(one: Value, other: Value, carry: Value) -> Value:
    """Return `one` + `other` + the bit `carry`, with the width of `one`, from a single adder."""
    return (Cat(carry, one) + Cat(carry, other))[1 : len(one) + 1]


def saturated(
    value: Value, width: int, excess: Value | int = 0, highest: int | None = None
) -> Value:
    """Return `value` saturated to `width` bits: all ones if `value` does not fit, or with `excess`.

    A caller that only tests whether the result exceeds `highest` should pass `highest`. Saturation
    then sets only the bits from the most significant 0 of `highest` upwards, which saves logic.
    """
    free = 1 if highest is None else ~highest & (1 << width) - 1
    low_bits = free.bit_length() - 1  # low bits, below the highest 0 of `highest`
    high = (value[width:].any() | excess).replicate(width - low_bits)
    return value[:width] | Cat(Const(0, low_bits), high)
