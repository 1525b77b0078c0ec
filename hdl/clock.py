# SPDX-License-Identifier: BSD-2-Clause
"""The error of a clock: a PLL, or a line of the link, cannot work at a frequency."""

from firstspike.golden.system.errors import FirstSpikeError


class ClockError(FirstSpikeError, ValueError):
    """A frequency that cannot be had, or not be used; the message says which can."""
