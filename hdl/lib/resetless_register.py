# SPDX-License-Identifier: BSD-2-Clause
"""Registers without reset and initial value, such as the output register of block RAM."""

from amaranth.hdl import ShapeLike, Signal

_ATTRIBUTE = "unknown_at_first"

FORGET_INITIAL = f"setattr -unset init a:{_ATTRIBUTE}"
"""Yosys command that removes the initial value 0 of these registers and the logic for it."""


def resetless_register(shape: ShapeLike, name: str | None = None) -> Signal:
    """Return a register that the design never reads before the first write to it.

    There are two uses. It registers the data of an asynchronous read port: only in this form does
    Yosys respect the rules for collisions (the attribute no_rw_check, or an enable that excludes a
    write). And it serves as a wide register that is set to a constant: the set input of an ECP5
    register is usable only if the initial value equals the constant.
    """
    return Signal(shape, name=name, reset_less=True, attrs={_ATTRIBUTE: 1}, src_loc_at=1)
