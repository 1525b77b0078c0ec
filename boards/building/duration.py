# SPDX-License-Identifier: BSD-2-Clause
"""Estimates how long a build takes, from builds whose time was measured.

The seconds are those of one core of a server's processor, for synthesis and one placement. Each
further seed adds most of them.
"""

import numpy as np

from firstspike.boards.families.registry import facts_of
from firstspike.hdl.flow.devices import Family


def seconds(family: Family, luts: float) -> float:
    """Return the seconds for building a design that needs `luts` look-up tables.

    The estimate is linear between measured builds, and proportional beyond the last one.
    """
    sizes, times = zip(*facts_of(family).measured, strict=True)
    return float(np.interp(luts, sizes, times) * max(1, luts / sizes[-1]))
