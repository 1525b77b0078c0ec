# SPDX-License-Identifier: BSD-2-Clause
"""The boards there are."""

from . import ecpix5, icebreaker, orangecrab, ulx3s
from .board import Board

BOARDS: dict[str, Board] = {
    board.name: board
    for module in (icebreaker, ulx3s, ecpix5, orangecrab)
    for board in module.BOARDS
}
