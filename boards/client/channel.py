# SPDX-License-Identifier: BSD-2-Clause
"""A serial port of the host: sends and receives bytes; its errors give remedies."""

import errno
import time
from typing import Protocol

import serial
from serial.tools import list_ports

from .errors import PortError

WRITE_TIMEOUT = 10.0
"""Seconds within which a port must accept written bytes."""


class Channel(Protocol):
    """Transfers bytes to and from a board, and provides a clock."""

    name: str
    """Name in messages."""

    def write(self, sent: bytes) -> None:
        """Send bytes."""

    def read(self, seconds: float) -> bytes:
        """Return all received bytes; wait up to `seconds` for the first. Empty if none arrive."""

    def now(self) -> float:
        """Return the seconds of a monotonic clock."""

    def close(self) -> None:
        """Close the port."""


class SerialPort:
    """A serial port, 8N1, opened exclusively. Raises PortError."""

    def __init__(self, port: str, baud: int) -> None:
        self.name = port
        try:
            self._serial = serial.Serial(
                port, baud, exclusive=True, write_timeout=WRITE_TIMEOUT, timeout=0
            )
        except (OSError, ValueError, OverflowError) as error:  # SerialException is an OSError
            raise PortError(_refusal(port, baud, error)) from None

    def write(self, sent: bytes) -> None:
        """Send bytes; wait until the port accepts them."""
        try:
            self._serial.write(sent)
        except OSError as error:
            raise self._lost_port(error) from None

    def read(self, seconds: float) -> bytes:
        """Return all received bytes; wait up to `seconds` for the first."""
        try:
            self._serial.timeout = seconds
            first = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else first
        except OSError as error:
            raise self._lost_port(error) from None

    def now(self) -> float:
        """Return the seconds of a monotonic clock."""
        return time.monotonic()

    def close(self) -> None:
        """Close the port."""
        self._serial.close()

    def _lost_port(self, error: OSError) -> PortError:
        if isinstance(error, serial.SerialTimeoutException):
            return PortError(
                f"the port {self.name} has taken nothing for {WRITE_TIMEOUT:.0f} seconds: "
                "unplug the board, plug it in and try again."
            )
        return PortError(
            f"the port {self.name} has gone: plug the board in, and see that no other program "
            "uses it."
        )


def _refusal(port: str, baud: int, error: Exception) -> str:
    """Return why a port cannot be opened, and a remedy, in one sentence."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        ports = ", ".join(sorted(one.device for one in list_ports.comports()))
        return f"there is no port {port}: plug the board in, or name another (" + (
            f"there are: {ports})." if ports else "there is none now)."
        )
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"you may not use the port {port}: add yourself to the group it belongs to (on Debian: "
            "sudo adduser $USER dialout) and log in again."
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        return f"the port {port} is in use by another program: end that one first."
    if isinstance(error, ValueError | OverflowError):
        return f"the port {port} cannot do {baud} bits per second: give another baud rate."
    return f"{port} is no serial port: name the board's, such as /dev/ttyUSB0."
