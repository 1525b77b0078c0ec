# SPDX-License-Identifier: BSD-2-Clause
"""How long a build takes, by builds whose time was measured.

The seconds are those of one core of a server's processor, for synthesis and one placement. Each
further seed adds most of them.
"""

import numpy as np

from firstspike.boards.families.registry import facts_of
from firstspike.hdl.flow.devices import Family


def seconds(family: Family, luts: float) -> float:
    """Seconds that a build of a design takes which needs so many look-up tables.

    Between two builds that were measured time grows evenly, and beyond the last in proportion.
    """
    sizes, times = zip(*facts_of(family).measured, strict=True)
    return float(np.interp(luts, sizes, times) * max(1, luts / sizes[-1]))
