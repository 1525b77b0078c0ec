# SPDX-License-Identifier: BSD-2-Clause
"""How long a build takes, by builds whose time was measured.

The seconds are those of one core of a server's processor, for synthesis and one placement. Each
further seed adds most of them.
"""

import numpy as np

from firstspike.hdl.flow.devices import ECP5, GOWIN, ICE40, Family

MEASURED = {
    ICE40: ((0, 0), (4073, 67), (4874, 96)),
    ECP5: ((0, 0), (18413, 679), (41996, 1414)),
    GOWIN: ((0, 0), (18413, 679)),
}
"""Look-up tables, or logic cells, and seconds of builds with one seed.

On the iCEBreaker they are a toy network with 4 lanes, and `mnist-4bit` with 16. On the ULX3S 85F it
is `mnist-8bit` with 75 lanes, on the ECPIX-5 `mnist-4bit` with 379 and --overlap.
"""


def seconds(family: Family, luts: float) -> float:
    """Seconds that a build of a design takes which needs so many look-up tables.

    Between two builds that were measured time grows evenly, and beyond the last in proportion.
    """
    sizes, times = zip(*MEASURED[family], strict=True)
    return float(np.interp(luts, sizes, times) * max(1, luts / sizes[-1]))
