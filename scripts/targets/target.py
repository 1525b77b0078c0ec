"""What a target does: it runs and learns images, and says what golden expects of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from firstspike.golden import LearningState, Network, Results, Settings, learn
from firstspike.golden.timing.folding import Folding

from .options import refuse


class Target:
    """A network on something that runs it; `folding` is that of its hardware.

    Made from what the user calls the network, the network, and the options that it `takes`.
    """

    takes: ClassVar[tuple[str, ...]] = ()
    tells_spikes: ClassVar[bool] = True
    """Whether its results have the hidden spikes."""
    grid: ClassVar[int] = 20_000
    """How many images are learned at once; between them there are progress and points of the
    curve."""

    network: Network
    folding: Folding

    @classmethod
    def check(cls, name: str, options: Mapping[str, Any]) -> None:
        """Raise click.UsageError for options, None if not given, that do not go with the target."""
        refuse(name, cls.takes, options)

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Classify images: ticks int32 [n, n_rows], and pixels uint8 [n, n_inputs] if there are."""
        raise NotImplementedError

    def expected(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """What golden says of them, with the cycles that this target should take."""
        raise NotImplementedError

    def learn(
        self,
        state: LearningState,
        ticks: np.ndarray,
        labels: np.ndarray,
        settings: Settings,
        exact: bool = False,
    ) -> tuple[Results, Results | None]:
        """Learn images from what the state holds; golden learns beside it.

        Gives what golden says of them, and what the target does, None where that is golden. The
        state gets the target's weights, and golden's generator. `exact` is golden's alone.
        """
        found = self.learned(state, ticks, labels, settings)
        expected = self.counted(ticks, learn(state, ticks, labels, settings, trace=True))
        for ours, theirs in zip(state.weights, found.weights or (), strict=True):
            ours[:] = theirs
        return expected, found

    def learned(
        self, state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings
    ) -> Results:
        """What the target learns, with the weights at the end; the state is not changed."""
        raise NotImplementedError

    def counted(self, ticks: np.ndarray, learned: Results) -> Results:
        """What golden has learned, with the cycles that this target should take."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what it holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
