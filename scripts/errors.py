# SPDX-License-Identifier: BSD-2-Clause
"""The error of the verbs."""

from firstspike.golden.system.errors import FirstSpikeError


class VerbError(FirstSpikeError, ValueError):
    """What was asked for cannot be done; the message says why, or what can."""
