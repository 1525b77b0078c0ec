# SPDX-License-Identifier: BSD-2-Clause
"""The convolving layer: each neuron reads a patch of maps; the neurons of a filter share weights.

DESIGN, section 7, defines it. Inputs and neurons are numbered map by map, and within a map row by
row, in the order of PyTorch's `Conv2d` and `Flatten`.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from firstspike.golden.foreign.fields import NetworkError

from .geometry import Geometry
from .kind import LayerKind

MOST = 2**24 - 1
"""Most neurons of a layer."""


@dataclass(frozen=True)
class Convolution(LayerKind):
    """A convolving layer.

    Its weights are a matrix [maps * taps, filters]; row c * taps + tap is of map c.
    """

    geometry: Geometry
    maps: int
    """Maps of inputs."""
    filters: int

    @classmethod
    def of(cls, name: str, weights: np.ndarray, geometry: Geometry) -> Self:
        """Return the layer of a weight matrix. Raises NetworkError for an invalid one."""
        if weights.ndim != 2 or weights.dtype.kind not in "iu" or len(weights) % geometry.taps:
            raise NetworkError(
                f"{name} is {weights.dtype} {list(weights.shape)}: it must be integers "
                f"[maps * {geometry.taps}, filters], with rows for each tap of the kernel."
            )
        return cls.shaped(geometry, len(weights) // geometry.taps, weights.shape[1])

    @classmethod
    def shaped(cls, geometry: Geometry, maps: int, filters: int) -> Self:
        """Return the layer of `filters` filters over `maps` maps."""
        (down, across), (rows, columns) = geometry.size, geometry.out
        if filters * rows * columns > MOST:
            raise NetworkError(
                f"{filters} filters at {rows} x {columns} positions are "
                f"{filters * rows * columns} neurons: a layer has at most {MOST}."
            )
        return cls(maps * down * across, filters * rows * columns, geometry, maps, filters)

    @property
    def rows(self) -> int:
        """Number of rows: one per map and tap."""
        return self.maps * self.geometry.taps

    @property
    def columns(self) -> int:
        """Number of columns: one per filter."""
        return self.filters

    @property
    def positions(self) -> int:
        """Neurons per filter."""
        return self.n_out // self.filters

    @property
    def reach(self) -> np.ndarray:
        """Positions that a spike of each input reaches; equal for every map."""
        return np.tile(np.diff(self.geometry.touched.first), self.maps)

    def added(self, weights: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Return the sum of what each spike adds to S of the neurons that it reaches."""
        first, positions, taps = self.geometry.touched
        total = np.zeros((self.filters, self.positions), np.int64)
        map_size = self.n_in // self.maps
        for at in np.asarray(inputs):
            entries = slice(first[at % map_size], first[at % map_size + 1])
            rows = at // map_size * self.geometry.taps + taps[entries]
            total[:, positions[entries]] += weights[rows].T
        return total.ravel()

    def fired(
        self,
        weights: np.ndarray,
        threshold: int,
        spikes: np.ndarray,
        deadline: int,
        max_spikes: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run many images from spike to spike; `max_spikes` must be 1."""
        from .convolution_kernel import convolved_by_events  # importing numba is slow

        ticks, M = convolved_by_events(
            weights, threshold, spikes[:, :, 0], deadline, self.geometry.touched, self.positions
        )
        return ticks[:, :, None], M
