# SPDX-License-Identifier: BSD-2-Clause
"""Errors of the client; every message contains a remedy."""

from firstspike.golden.system.errors import FirstSpikeError


class BoardError(FirstSpikeError):
    """An error of a board, its port or a request."""


class PortError(BoardError):
    """The serial port cannot be opened, or has disappeared."""


class NoAnswerError(BoardError):
    """No answer, or too few answers arrive."""


class MismatchError(BoardError):
    """The board's core does not support the request."""


class RefusedError(BoardError):
    """The board has refused a request, or has not done what it acknowledged."""
