# SPDX-License-Identifier: BSD-2-Clause
"""What a target does: it runs and learns images, and says what golden expects of it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from firstspike.golden import LearningState, Network, Results, Settings, learn
from firstspike.golden.timing.folding import Folding

from .errors import OptionError, listed
from .options import HARDWARE, OWN

if TYPE_CHECKING:
    from firstspike.hdl.link.protocol.messages import Counts


class Work(StrEnum):
    """What a target does that takes long, and what its progress is counted in."""

    IMAGES = "images"
    LEARNING = "images learned"
    WRITING = "bytes of weights written"
    READING = "bytes of weights read"
    BESIEGING = "seconds of hostile frames"
    SENSING = "samples of the sensor"


Progress = Callable[[Work, int, int], None]
"""Is told how much of which work is done, and how much there is."""


def silent(work: Work, done: int, total: int) -> None:
    """Show no progress."""


class Target:
    """A network on something that runs it; `folding` is that of its hardware."""

    takes: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[str] = ""
    """What its first option is, which it cannot do without; empty if there is no such option."""
    simulated: ClassVar[bool] = False
    """Whether it needs a simulator."""
    tells_spikes: ClassVar[bool] = True
    """Whether its results have the hidden spikes."""
    grid: ClassVar[int] = 20_000
    """How many images are learned at once; between them there are progress and points of the
    curve."""

    bench_images: int | None = None
    """How many images it holds to play; None for as many as it is asked for."""
    hz: int | None = None
    """The clock of its design, None where that has none."""

    folding: Folding
    counts: bool = True
    """Whether the clock cycles of learning are counted."""

    progress: Progress = staticmethod(silent)

    def __init__(self, net: str, network: Network, **options: Any) -> None:
        """`net` is what the user calls the network; the options are those that it `takes`."""
        self.network = network

    @classmethod
    def check(cls, name: str, options: Mapping[str, Any]) -> None:
        """Raise OptionError if options, None if not given, do not go with the target.

        Raises SimulationError where there is nothing that simulates it.
        """
        given = {option for option, value in options.items() if value is not None} - {*cls.takes}
        if given & {*HARDWARE}:
            own = [option for option in HARDWARE if option in options]
            raise OptionError(f"A {name} has its own {listed(own)}: leave {{}} out.", own)
        for other, group in OWN.items():
            if given & {*group}:
                raise OptionError(f"{{}} go with {{}} {other}.", group, ["target"])
        if cls.needs and options.get(cls.takes[0]) is None:
            first = [cls.takes[0]]
            raise OptionError(f"{{}} {name} needs {{}}, {cls.needs}.", ["target"], first)
        if cls.simulated:
            from firstspike.sim.harness.runner import check_tools

            check_tools()

    def told(self, work: Work, total: int) -> Callable[[int], None]:
        """Return what is told how much of some work is done."""
        return lambda done: self.progress(work, done, total)

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Classify images: ticks int32 [n, n_rows], and pixels uint8 [n, n_inputs] if there are."""
        raise NotImplementedError

    def expected(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Return what golden says of images, with the cycles that this target should take."""
        raise NotImplementedError

    def play(self, ticks: np.ndarray, rounds: int) -> "tuple[Results, Counts]":
        """Let it decide images that it holds, int32 [n, n_rows], `rounds` times at its own pace.

        Gives what golden says of them, with the cycles of each alone, and what the target counts.
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
        """Learn images from what the state holds; golden learns beside it.

        Gives what golden says of them, and what the target does, None where that is golden. The
        state gets the target's weights, and golden's generator. `exact` is golden's alone.
        """
        found = self.learned(state, ticks, labels, settings)
        expected = learn(state, ticks, labels, settings, exact=exact, trace=self.counts)
        if self.counts:
            expected = self.counted(ticks, expected)
        if found is not None:
            for ours, theirs in zip(state.weights, found.weights or (), strict=True):
                ours[:] = theirs
        return expected, found

    def learned(
        self, state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings
    ) -> Results | None:
        """Return what the target learns, with the weights at the end; golden returns None.

        The state does not change.
        """
        raise NotImplementedError

    def counted(self, ticks: np.ndarray, learned: Results) -> Results:
        """Return what golden has learned, with the cycles that this target should take."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Release what the target holds."""
