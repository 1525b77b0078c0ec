# SPDX-License-Identifier: BSD-2-Clause
"""The lines that a link can have: which wires carry its bytes."""

from enum import StrEnum

from firstspike.golden.system.errors import FirstSpikeError


class Line(StrEnum):
    """What is between a host and a board."""

    UART = "uart"
    SPI = "spi"


class LineError(FirstSpikeError, ValueError):
    """A line that a board does not have; the message says which boards have it."""


SPI_CLOCKS = 4
"""Clocks of the board a bit of SPI, at least: its wires are sampled by that clock."""
