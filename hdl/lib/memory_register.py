"""The register behind a memory's port: block RAM has one inside, of unknown content at first."""

from amaranth.hdl import ShapeLike, Signal

_ATTRIBUTE = "unknown_at_first"

FORGET_INITIAL = f"setattr -unset init a:{_ATTRIBUTE}"
"""Command of Yosys: no logic is to be made that gives these registers the initial value of 0."""


def memory_register(shape: ShapeLike, name: str | None = None) -> Signal:
    """A register for what is read; nobody looks at it before something is.

    A memory's port without a register and this one behind it, for only then Yosys heeds what is
    said of collisions (the attribute no_rw_check, or an enable that excludes a write).
    """
    return Signal(shape, name=name, reset_less=True, attrs={_ATTRIBUTE: 1}, src_loc_at=1)
