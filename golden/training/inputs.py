# SPDX-License-Identifier: BSD-2-Clause
"""Turns the values of a batch into the spikes that the first layer takes."""

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
        """Return the spikes of values int [n, n_rows], as `Groups` or float32 [n, n_rows]."""
        if self._together:
            return (self._level == 0).astype(np.float32)[values]
        return level_kernels.group(values, self._level, self._times)
