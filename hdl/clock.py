# SPDX-License-Identifier: BSD-2-Clause
"""The error for a clock frequency at which a PLL or a serial line cannot work."""

from firstspike.golden.system.errors import FirstSpikeError


class ClockError(FirstSpikeError, ValueError):
    """A frequency that cannot be generated or used; the message names possible frequencies."""
