# SPDX-License-Identifier: BSD-2-Clause
"""Copies of a register, for many who are far from one another: each has some of them near."""

from amaranth.hdl import Module, Signal, Value, ValueLike

_ATTRIBUTE = "copy"

KEEP_COPIES = f"setattr -set keep 1 a:{_ATTRIBUTE} %ci1 t:* %i"
"""Command of Yosys: registers that are equal are not to become one again."""


def copied(m: Module, value: ValueLike, name: str, *, init: int = 0) -> Signal:
    """A register for `value`, of which there may be others with the same content."""
    register = Signal(Value.cast(value).shape(), name=name, init=init, attrs={_ATTRIBUTE: 1})
    m.d.sync += register.eq(value)
    return register
