# SPDX-License-Identifier: BSD-2-Clause
"""Registers of unknown content at first, such as block RAM has inside, behind its port."""

from amaranth.hdl import ShapeLike, Signal

_ATTRIBUTE = "unknown_at_first"

FORGET_INITIAL = f"setattr -unset init a:{_ATTRIBUTE}"
"""Command of Yosys: no logic is to be made that gives these registers the initial value of 0."""


def unknown_register(shape: ShapeLike, name: str | None = None) -> Signal:
    """A register at which nobody looks before something is written to it.

    Behind a memory's port without a register, for only then Yosys heeds what is said of collisions
    (the attribute no_rw_check, or an enable that excludes a write). And for wide registers that are
    set to a constant: the ECP5 does that in the register only where the initial value is the same.
    """
    return Signal(shape, name=name, reset_less=True, attrs={_ATTRIBUTE: 1}, src_loc_at=1)
