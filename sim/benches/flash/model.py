# SPDX-License-Identifier: BSD-2-Clause
"""The flash of a bench, `spi_flash.v`."""

from importlib.resources import files

BOARD_BITS = 21
"""Bits of an address that the model of a board's flash decodes."""

WAKING = 3e-6
"""Seconds that a flash takes to wake."""


def flash_verilog() -> str:
    """Return the Verilog of the flash."""
    return files(__package__).joinpath("spi_flash.v").read_text()
