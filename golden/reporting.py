# SPDX-License-Identifier: BSD-2-Clause
"""Selects the decisions that a core reports (DESIGN, sections 6 and 9)."""

import numpy as np

from .network import Network
from .results import Results


def is_reported(network: Network, results: Results, isolated: np.ndarray) -> np.ndarray:
    """Return whether each decision is reported, bool [n]; `isolated` [n] is that of the words.

    The last class of a network of sound, none of the words, is not reported. Neither is a forced
    decision.
    """
    mask = isolated & ~results.forced
    if network.sound is not None:
        mask &= results.decision != network.shape[-1] - 1
    return mask
