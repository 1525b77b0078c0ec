"""What the first layer takes: the values of a batch as spikes, in training perhaps jittered."""

import numpy as np

from . import level_kernels
from .parameters import Parameters


class Inputs:
    """Spikes of values: as a matrix where all come at z = 1, to be multiplied, else as `Groups`."""

    def __init__(self, parameters: Parameters, times: np.ndarray, rng: np.random.Generator) -> None:
        """`times` [n_values]: the z at which an input of each value spikes, inf for never."""
        times = times.astype(np.float32)
        self._times = np.unique(times[np.isfinite(times)])
        self._level = np.searchsorted(self._times, times).astype(np.int32)
        self._together = set(times.tolist()) == {1.0, np.inf}
        self._rng = rng
        self._unit, self._deadline = parameters.unit, parameters.deadline
        self._most = round(parameters.jitter * parameters.unit)
        self._ticks = np.where(np.isfinite(times), times * parameters.unit, 0).astype(np.int32)
        #: z before which no input spikes
        self.earliest = np.float32(max(self._times[0] * self._unit - self._most, 1) / self._unit)

    def spikes(self, values: np.ndarray) -> np.ndarray | level_kernels.Groups:
        """Of values int [n, n_rows]; the matrix is float32 [n, n_rows], 1 for a spike."""
        if self._together:
            return (self._level == 0).astype(np.float32)[values]
        return level_kernels.group(values, self._level, self._times)

    def jittered(self, values: np.ndarray) -> np.ndarray | level_kernels.Groups:
        """The same with every spike moved by up to `Parameters.jitter`, anew each time."""
        if not self._most:
            return self.spikes(values)
        ticks = self._ticks[values]
        moved = self._rng.integers(-self._most, self._most, ticks.shape, np.int32, endpoint=True)
        moved += ticks
        np.clip(moved, 1, self._deadline, out=moved)
        moved[ticks == 0] = 0
        every = np.arange(1, self._deadline + 1, dtype=np.int32)
        level = np.append(np.int32(self._deadline), every - 1)  # of tick 0: none, it is never
        return level_kernels.group(moved, level, (every / self._unit).astype(np.float32))
