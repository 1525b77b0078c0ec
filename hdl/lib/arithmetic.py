"""Products with a constant as shifts and additions: `*` would take a hardware multiplier."""


def times(constant, value):
    """`constant` (>= 0, an int) times `value` (a hardware value)."""
    total = 0
    for bit in range(constant.bit_length()):
        if constant >> bit & 1:
            total = (value << bit) + total
    return total
