# SPDX-License-Identifier: BSD-2-Clause
"""The interface of a kind of layer, which golden, the cycle models and the hardware use."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np


def weight_range(bits: int) -> tuple[int, int]:
    """Return the smallest and the largest integer weight of `bits` bits."""
    return -(1 << bits - 1), (1 << bits - 1) - 1


@dataclass(frozen=True)
class LayerKind(ABC):
    """The connections from `n_in` inputs to `n_out` neurons.

    A kind of layer holds no weights: networks of the same form share it, and so does the hardware.
    """

    n_in: int
    n_out: int

    @property
    def rows(self) -> int:
        """Rows of the weights and of their store; each neuron has one weight in a row."""
        return self.n_in

    @property
    def columns(self) -> int:
        """Columns of the weights; the neurons of a column share them."""
        return self.n_out

    @property
    def positions(self) -> int:
        """Neurons per column."""
        return 1

    @property
    def reach(self) -> np.ndarray:
        """Positions that a spike of each input reaches, int64 [n_in]."""
        return np.ones(self.n_in, np.int64)

    @property
    def synapses(self) -> int:
        """Number of connections between inputs and neurons."""
        return int(self.reach.sum()) * self.columns

    def extremes(self, weights: np.ndarray) -> tuple[int, int]:
        """Return bounds of the sums of the negative and of the positive weights of any neuron.

        A neuron has at most the weights of its column.
        """
        negative = np.minimum(weights, 0).sum(axis=0, dtype=np.int64).min(initial=0)
        positive = np.maximum(weights, 0).sum(axis=0, dtype=np.int64).max(initial=0)
        return int(negative), int(positive)

    @abstractmethod
    def added(self, weights: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Return what spikes of these inputs add to S, int64 [n_out]; an input may occur twice."""

    @abstractmethod
    def fired(
        self,
        weights: np.ndarray,
        threshold: int,
        spikes: np.ndarray,
        deadline: int,
        max_spikes: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run many images through the layer, with the results of `golden.integer.run_layer`.

        `spikes`: int32 [n, n_in, spikes of an input], 0 for none. Returns the spike ticks int32 [n,
        n_out, max_spikes], and M int64 [n, n_out] at the first spike or at the deadline.
        """
