# SPDX-License-Identifier: BSD-2-Clause
"""The dense layer: a separate weight connects each input with each neuron."""

from typing import Self

import numpy as np

from firstspike.golden.foreign.fields import NetworkError

from .kind import LayerKind


class Dense(LayerKind):
    """A dense layer.

    The weights are a matrix [n_in, n_out], whose rows are those of the weight store.
    """

    @classmethod
    def of(cls, name: str, weights: np.ndarray) -> Self:
        """Return the layer of a weight matrix. Raises NetworkError for an invalid one."""
        if weights.ndim != 2 or weights.dtype.kind not in "iu":
            raise NetworkError(
                f"{name} is {weights.dtype} {list(weights.shape)}: it must be integers "
                "[n_in, n_out]."
            )
        return cls(*weights.shape)

    def added(self, weights: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Return the sum of the rows of these inputs."""
        total: np.ndarray = weights[inputs].sum(0, np.int64)
        return total

    def fired(
        self,
        weights: np.ndarray,
        threshold: int,
        spikes: np.ndarray,
        deadline: int,
        max_spikes: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run many images from event to event."""
        from .event_kernel import layer_by_events  # importing numba is slow

        return layer_by_events(weights, threshold, spikes, deadline, max_spikes)
