# SPDX-License-Identifier: BSD-2-Clause
"""The kinds of layers there are, and how the kind of a layer is known."""

import numpy as np

from .dense import Dense
from .kind import LayerKind


def layer_of(name: str, weights: np.ndarray) -> LayerKind:
    """The layer that has these weights, whose name is `name`. Raises NetworkError.

    All are dense: a network file says nothing else of a layer.
    """
    return Dense.of(name, weights)
