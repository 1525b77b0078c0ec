# SPDX-License-Identifier: BSD-2-Clause
"""The client of a board on a serial port, for programs on a computer."""

from .client import BoardClient, Progress, Status
from .errors import BoardError, MismatchError, NoAnswerError, PortError, RefusedError

__all__ = [
    "BoardClient",
    "BoardError",
    "MismatchError",
    "NoAnswerError",
    "PortError",
    "Progress",
    "RefusedError",
    "Status",
]
