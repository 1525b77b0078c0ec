# SPDX-License-Identifier: BSD-2-Clause
"""Which decisions on words are said (DESIGN, section 6)."""

import numpy as np

from firstspike.golden.network import Network
from firstspike.golden.results import Results


def said(network: Network, results: Results, isolated: np.ndarray) -> np.ndarray:
    """Return whether each decision is said, bool [n]; `isolated` [n] is of the words.

    The last class is none of the words. A forced decision is not said.
    """
    none = network.shape[-1] - 1
    return isolated & (results.decision != none) & ~results.forced
