# SPDX-License-Identifier: BSD-2-Clause
"""A board on a serial port, as a program on a computer sees it."""

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
