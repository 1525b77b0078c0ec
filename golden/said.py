# SPDX-License-Identifier: BSD-2-Clause
"""Which decisions are said (DESIGN, sections 6 and 9)."""

import numpy as np

from firstspike.golden.network import Network
from firstspike.golden.results import Results


def said(network: Network, results: Results, isolated: np.ndarray) -> np.ndarray:
    """Return whether each decision is said, bool [n]; `isolated` [n] is of the words.

    The last class of a network of sound is none of the words. A forced decision is not said.
    """
    told = isolated & ~results.forced
    if network.sound is not None:
        told &= results.decision != network.shape[-1] - 1
    return told
