# SPDX-License-Identifier: BSD-2-Clause
"""Duplicated registers, which limit fan-out and routing distance of a signal with many loads."""

from amaranth.hdl import Module, Signal, Value, ValueLike

_ATTRIBUTE = "copy"

KEEP_COPIES = f"setattr -set keep 1 a:{_ATTRIBUTE} %ci1 t:* %i"
"""Yosys command that prevents the merging of equal registers."""


def duplicated_register(m: Module, value: ValueLike, name: str, *, init: int = 0) -> Signal:
    """Return a register that samples `value` every cycle; synthesis keeps equal copies of it.

    Latency: one cycle.
    """
    register = Signal(Value.cast(value).shape(), name=name, init=init, attrs={_ATTRIBUTE: 1})
    m.d.sync += register.eq(value)
    return register
