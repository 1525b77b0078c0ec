# SPDX-License-Identifier: BSD-2-Clause
"""What a target does: it runs and learns images, and says what golden expects of it."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import click
import numpy as np

from firstspike.golden import LearningState, Network, Results, Settings, learn
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.link.protocol.messages import Counts

HARDWARE = ("lanes", "window", "bitmap", "rows", "overlap")
"""Options of hardware that is generated."""

OWN = {"board": ("port", "baud"), "netlist": ("board", "build")}
"""By target, its own options."""


class Target:
    """A network on something that runs it; `folding` is that of its hardware."""

    takes: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[str] = ""
    """What is said of the option that it cannot do without, the first that it takes."""
    simulated: ClassVar[bool] = False
    """Whether it needs what simulates."""
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

    def __init__(self, net: str, network: Network, **options: Any) -> None:
        """`net` is what the user calls the network; the options are those that it `takes`."""
        self.network = network

    @classmethod
    def check(cls, name: str, options: Mapping[str, Any]) -> None:
        """Raise click.UsageError if a verb's options, None if not given, do not go with it.

        Raises SimulationError where there is nothing that simulates it.
        """
        given = {option for option, value in options.items() if value is not None} - {*cls.takes}
        if given & {*HARDWARE}:
            own = [option for option in HARDWARE if option in options]
            raise click.UsageError(
                f"A {name} has its own {_and(own)}: leave {_and(map('--{}'.format, own))} out."
            )
        for other, group in OWN.items():
            if given & {*group}:
                named = _and(map("--{}".format, group))
                raise click.UsageError(f"{named} go with --target {other}.")
        if cls.needs and options[cls.takes[0]] is None:
            raise click.UsageError(f"--target {name} needs --{cls.takes[0]}, {cls.needs}.")
        if cls.simulated:
            from firstspike.sim.harness.runner import check_tools

            check_tools()

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Classify images: ticks int32 [n, n_rows], and pixels uint8 [n, n_inputs] if there are."""
        raise NotImplementedError

    def expected(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """What golden says of them, with the cycles that this target should take."""
        raise NotImplementedError

    def play(self, ticks: np.ndarray, rounds: int) -> tuple[Results, Counts]:
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
        """What it learns, with the weights at the end, None for golden; changes no state."""
        raise NotImplementedError

    def counted(self, ticks: np.ndarray, learned: Results) -> Results:
        """What golden has learned, with the cycles that this target should take."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what it holds."""


def _and(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
