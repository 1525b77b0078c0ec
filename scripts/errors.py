# SPDX-License-Identifier: BSD-2-Clause
"""The error of the verbs."""

from firstspike.golden.system.errors import FirstSpikeError


class VerbError(FirstSpikeError, ValueError):
    """A request cannot be fulfilled; the message gives the reason, or the alternatives."""
