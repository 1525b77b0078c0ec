# SPDX-License-Identifier: BSD-2-Clause
"""How long a build takes, by builds whose time was measured.

The seconds are those of an idle core of an Intel Xeon, for synthesis and one placement. Each
further seed adds most of them.
"""

import numpy as np

from firstspike.hdl.flow.devices import ECP5, ICE40, Family

MEASURED = {
    ICE40: ((0, 0), (4073, 67), (4954, 360)),
    ECP5: ((0, 0), (41996, 1414)),
}
"""Look-up tables, or logic cells, and seconds of builds with one seed.

On the iCEBreaker they are a toy network with 4 lanes, and `mnist-4bit` with 11, which nearly fills
it. On the ECPIX-5 it is `mnist-4bit` with 379 lanes, 4 rows and --overlap.
"""


def seconds(family: Family, luts: float) -> float:
    """Seconds that a build of a design takes which needs so many look-up tables.

    Between two builds that were measured time grows evenly, and beyond the last in proportion.
    """
    sizes, times = zip(*MEASURED[family], strict=True)
    return float(np.interp(luts, sizes, times) * max(1, luts / sizes[-1]))
