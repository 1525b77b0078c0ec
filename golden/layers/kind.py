# SPDX-License-Identifier: BSD-2-Clause
"""The questions that golden, cycle models and hardware ask a kind of layer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np


def weight_range(bits: int) -> tuple[int, int]:
    """Smallest and largest integer weight of `bits` bits."""
    return -(1 << bits - 1), (1 << bits - 1) - 1


@dataclass(frozen=True)
class LayerKind(ABC):
    """It says which of `n_in` inputs connect to which of `n_out` neurons.

    It holds no weights: networks of one form share it, and so does the hardware.
    """

    n_in: int
    n_out: int

    @classmethod
    @abstractmethod
    def of(cls, name: str, weights: np.ndarray) -> Self:
        """The layer that has these weights, whose name is `name`. Raises NetworkError."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """Rows of the weight store, in which each neuron has at most one weight."""

    @property
    @abstractmethod
    def columns(self) -> int:
        """Columns of the weights: neurons in one column share them."""

    @property
    def positions(self) -> int:
        """Neurons of a column, which share its weights."""
        return 1

    @property
    def reach(self) -> np.ndarray:
        """Positions that a spike of each input reaches, int64 [n_in]."""
        return np.ones(self.n_in, np.int64)

    @property
    @abstractmethod
    def fan_in(self) -> int:
        """The most weights that a neuron has."""

    @property
    @abstractmethod
    def synapses(self) -> int:
        """Connections of all inputs together."""

    def extremes(self, weights: np.ndarray) -> tuple[int, int]:
        """Sum of the negative and of the positive weights of a neuron, each at its farthest.

        A neuron has at most the weights of its column.
        """
        negative = np.minimum(weights, 0).sum(axis=0, dtype=np.int64).min(initial=0)
        positive = np.maximum(weights, 0).sum(axis=0, dtype=np.int64).max(initial=0)
        return int(negative), int(positive)

    @abstractmethod
    def added(self, weights: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Sum what spikes of these inputs add to S, int64 [n_out]; an input may spike twice."""

    @abstractmethod
    def fired(
        self,
        weights: np.ndarray,
        threshold: int,
        spikes: np.ndarray,
        deadline: int,
        max_spikes: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run many images through the layer, equal to `walk` of `firstspike.golden.integer`.

        `spikes`: int32 [n, n_in, spikes of an input], 0 for none. Returns the spike ticks int32
        [n, n_out, max_spikes], and M int64 [n, n_out] at the first spike or at the deadline.
        """

    @abstractmethod
    def stored_rows(self, weights: np.ndarray) -> np.ndarray:
        """The rows of the weight store, integers [rows, n_out]."""

    @abstractmethod
    def weights_of(self, rows: np.ndarray) -> np.ndarray:
        """The weights that `stored_rows` makes these rows of."""
