# SPDX-License-Identifier: BSD-2-Clause
"""What can go wrong with a board on a port: every message says what to do."""

from firstspike.golden.system.errors import FirstSpikeError


class BoardError(FirstSpikeError):
    """Something is wrong with a board, its port or what is asked of it."""


class PortError(BoardError):
    """The serial port cannot be opened, or has gone."""


class NoAnswerError(BoardError):
    """Nobody answers, or too little of the answers arrives."""


class MismatchError(BoardError):
    """The board's core is not made for what is asked of it."""


class RefusedError(BoardError):
    """The board has refused a request, or did not do what it said."""
