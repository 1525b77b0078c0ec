# SPDX-License-Identifier: BSD-2-Clause
"""The boards there are."""

from . import (
    colorlight,
    ecpix5,
    icebreaker,
    icesugar,
    orangecrab,
    pico_ice,
    tang_nano_20k,
    ulx3s,
    upduino,
)
from .board import Board

BOARDS: dict[str, Board] = {
    board.name: board
    for module in (
        *(icebreaker, icesugar, pico_ice, upduino),
        *(ulx3s, colorlight, ecpix5, orangecrab),
        tang_nano_20k,
    )
    for board in module.BOARDS
}
