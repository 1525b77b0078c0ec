# SPDX-License-Identifier: BSD-2-Clause
"""The dense layer: every input connects to every neuron by a weight of its own."""

from typing import Self

import numpy as np

from firstspike.golden.foreign.fields import NetworkError

from .kind import LayerKind


class Dense(LayerKind):
    """All to all; the weights are a matrix [n_in, n_out], whose rows are those of the store."""

    @classmethod
    def of(cls, name: str, weights: np.ndarray) -> Self:
        """The layer of a matrix; NetworkError for anything else."""
        if weights.ndim != 2 or weights.dtype.kind not in "iu":
            raise NetworkError(
                f"{name} is {weights.dtype} {list(weights.shape)}: it must be integers "
                "[n_in, n_out]."
            )
        return cls(*weights.shape)

    @property
    def rows(self) -> int:
        """One row per input."""
        return self.n_in

    @property
    def columns(self) -> int:
        """One column per neuron."""
        return self.n_out

    @property
    def fan_in(self) -> int:
        """All inputs."""
        return self.n_in

    @property
    def synapses(self) -> int:
        """One per input and neuron."""
        return self.n_in * self.n_out

    def added(self, weights: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """The sum of the rows."""
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
        """Run from event to event."""
        from .by_events import layer_by_events  # numba takes a while to import

        return layer_by_events(weights, threshold, spikes, deadline, max_spikes)

    def stored_rows(self, weights: np.ndarray) -> np.ndarray:
        """The matrix itself."""
        return weights

    def weights_of(self, rows: np.ndarray) -> np.ndarray:
        """The matrix itself."""
        return rows
