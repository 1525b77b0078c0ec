# SPDX-License-Identifier: BSD-2-Clause
"""The kinds of serial lines of a link."""

from enum import StrEnum

from firstspike.golden.system.errors import FirstSpikeError


class Line(StrEnum):
    """The kind of line between a host and a board."""

    UART = "uart"
    SPI = "spi"


class LineError(FirstSpikeError, ValueError):
    """The board does not have this line; the message names the boards that have it."""


SPI_CLOCKS = 4
"""Minimum number of clock cycles of the board per SPI bit, because its clock samples the wires."""
