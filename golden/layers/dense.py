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

    @property
    def rows(self) -> int:
        """Number of rows: one per input."""
        return self.n_in

    @property
    def columns(self) -> int:
        """Number of columns: one per neuron."""
        return self.n_out

    @property
    def fan_in(self) -> int:
        """Number of weights of a neuron: one per input."""
        return self.n_in

    @property
    def synapses(self) -> int:
        """Number of connections: one per input and neuron."""
        return self.n_in * self.n_out

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

    def stored_rows(self, weights: np.ndarray) -> np.ndarray:
        """Return the weight matrix."""
        return weights

    def weights_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows, which are the weight matrix."""
        return rows
