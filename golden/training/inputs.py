# SPDX-License-Identifier: BSD-2-Clause
"""What the first layer takes: the values of a batch as spikes."""

import numpy as np

from . import level_kernels


class Inputs:
    """Spikes of values: as a matrix where all come at z = 1, to be multiplied, else as `Groups`."""

    def __init__(self, times: np.ndarray) -> None:
        """`times` [n_values]: the z at which an input of each value spikes, inf for never."""
        times = times.astype(np.float32)
        self._times = np.unique(times[np.isfinite(times)])
        self._level = np.searchsorted(self._times, times).astype(np.int32)
        self._together = set(times.tolist()) == {1.0, np.inf}
        #: z before which no input spikes
        self.earliest = self._times[0]

    def spikes(self, values: np.ndarray) -> np.ndarray | level_kernels.Groups:
        """Of values int [n, n_rows]; the matrix is float32 [n, n_rows], 1 for a spike."""
        if self._together:
            return (self._level == 0).astype(np.float32)[values]
        return level_kernels.group(values, self._level, self._times)
