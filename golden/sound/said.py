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
    if hears(network):
        told &= results.decision != network.shape[-1] - 1
    return told


def hears(network: Network) -> bool:
    """Whether a network is one of sound."""
    return network.features is not None and network.features.sound is not None
