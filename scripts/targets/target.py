# SPDX-License-Identifier: BSD-2-Clause
"""The interface of a target: runs and learns images, and returns the golden model's expectation."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from firstspike.golden import LearningState, Network, Results, Settings
from firstspike.golden.learning.learn import learn_outputs
from firstspike.golden.timing.folding import Folding

if TYPE_CHECKING:
    from firstspike.hdl.link.protocol.messages import Counts


class Work(StrEnum):
    """Kinds of long work of a target, with the unit of their progress."""

    IMAGES = "images"
    LEARNING = "images learned"
    WRITING = "bytes of weights written"
    READING = "bytes of weights read"
    BESIEGING = "seconds of hostile frames"
    SENSING = "samples of the sensor"


Progress = Callable[[Work, int, int], None]
"""Function that receives the kind of work, its progress and its total."""


def silent(work: Work, done: int, total: int) -> None:
    """Show no progress."""


class Target:
    """A network on hardware, in simulation or in the golden model; `folding` is the hardware's."""

    grid: ClassVar[int] = 20_000
    """Number of images that are learned in one call; progress and points of the curve follow
    each."""

    bench_images: int | None = None
    """Number of images that the target stores to play; None for any number."""
    hz: int | None = None
    """The clock of its design in Hz, None without one."""

    folding: Folding
    counts: bool = True
    """Whether the clock cycles of learning are counted."""

    progress: Progress = staticmethod(silent)

    def __init__(self, net: str, network: Network, **options: Any) -> None:
        """`net` is the user's name of the network; the options are those of its specification."""
        self.network = network

    def progress_of(self, work: Work, total: int) -> Callable[[int], None]:
        """Return a function that receives the progress of some work."""
        return lambda done: self.progress(work, done, total)

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Classify images: ticks int32 [n, n_rows], and pixels uint8 [n, n_inputs] or None."""
        raise NotImplementedError

    def expected(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Return the golden model's results of images, with the expected cycles of this target."""
        raise NotImplementedError

    def play(self, ticks: np.ndarray, rounds: int) -> "tuple[Results, Counts]":
        """Store images, int32 [n, n_rows], and let the target decide them `rounds` times.

        Returns the golden model's results, with the cycles of separate images, and the target's
        counts.
        """
        raise NotImplementedError

    def learn(
        self,
        state: LearningState,
        ticks: np.ndarray,
        labels: np.ndarray,
        settings: Settings,
        exact: bool = False,
    ) -> tuple[Results, Results | None]:
        """Learn images, starting from `state`, on the target and in the golden model.

        Returns the golden model's results and the target's, None for the latter if the target is
        the golden model. The state receives the target's weights, and the generator of the golden
        model. Only the golden model supports `exact`.
        """
        results = self.learned(state, ticks, labels, settings)
        expected = learn_outputs(state, ticks, labels, settings, exact=exact, trace=self.counts)
        if self.counts:
            expected = self.counted(ticks, expected, state.last_layer)
        if results is not None:
            learned = (results.weights or ())[state.first_layer :]
            for ours, theirs in zip(state.weights, learned, strict=True):
                ours[:] = theirs
        return expected, results

    def learned(
        self, state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings
    ) -> Results | None:
        """Return the target's results, with the final weights; the golden model returns None.

        The state does not change.
        """
        raise NotImplementedError

    def counted(self, ticks: np.ndarray, learned: Results, last_layer: bool) -> Results:
        """Return the golden model's results `learned`, with the expected cycles of this target.

        `last_layer`: whether only the last layer learned.
        """
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Release the target's resources."""
