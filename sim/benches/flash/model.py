# SPDX-License-Identifier: BSD-2-Clause
"""The flash of a bench (`spi_flash.v`): in a design under test, and as Verilog."""

from importlib.resources import files
from typing import Any

from amaranth.hdl import ClockSignal, Const, Instance, Signal

from firstspike.hdl.flash.spi import WIRES

FLASH_ADDRESS = 0x50
"""Address of the image in the flash of a bench without a board."""

FLASH_BITS = 17
"""Bits of an address that the model of this flash decodes."""

BOARD_BITS = 21
"""Likewise of a board's."""

WAKING = 3e-6
"""Seconds that a flash takes to wake."""


def spi_flash(
    filled: Any,
    wires: Any,
    rest: int = 3,
    locked: Signal | None = None,
    stored: Signal | None = None,
    awake: bool = False,
) -> Instance:
    """Return a flash that is `filled` byte by byte; `wires` are those of a Loader.

    It is `awake` at power-up, or wakes in `rest` cycles. It protects its content while it is
    `locked`. `stored` is the byte at `filled.address`.
    """
    return Instance(
        "spi_flash",
        p_BITS=FLASH_BITS,
        p_REST=rest,
        p_AWAKE=int(awake),
        i_clk=ClockSignal(),
        i_write=filled.valid,
        i_address=filled.address,
        i_data=filled.data,
        **{f"i_{name}": getattr(wires, name) for name in WIRES if name != "miso"},
        o_miso=wires.miso,
        i_locked=Const(0) if locked is None else locked,
        o_stored=Signal(8) if stored is None else stored,
    )


def flash_verilog() -> str:
    """Return the Verilog of the flash."""
    return files(__package__).joinpath("spi_flash.v").read_text()
