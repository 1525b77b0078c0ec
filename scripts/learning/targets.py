"""What can learn: the golden model, or the hardware, in simulation or on a board, against it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import click
import numpy as np

from firstspike.golden import LearningState, Results, Settings, differences, learn
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.scripts.targets.targets import refuse_port

Learner = Callable[
    [LearningState, np.ndarray, np.ndarray, Settings, bool], tuple[Results, dict[str, int]]
]
"""(state, ticks int32 [n, n_rows], labels int [n], settings, exact) -> what became of each image,
and sums over the images (`CYCLES`, `DIFFERENCES`). The state is brought up to date."""

CYCLES = ("cycles", "run_on_cycles", "update_cycles", "update_run_on_cycles", "latency_cycles")
"""Clock cycles until the next image could begin, and what they would be without the updates; then
both of the images that updated alone; then, of those that did not, the part after the decision."""

DIFFERENCES = ("differences", "weights_differ")
"""Ways in which the hardware was not as golden; those of them that are weights."""

GRIDS = {"golden": 500, "rtl": 20_000, "board": 20_000}
"""How many images are learned at once; between them there are progress and points of the curve."""


class LearnerError(ValueError):
    """Something that a target cannot do; the message says what can."""


@contextmanager
def learner(
    target: str, lanes: int | None, port: str | None = None, baud: int | None = None
) -> Iterator[Learner]:
    """What learns for `target`. With `lanes` golden counts clock cycles, too; hardware always does.

    `port` and `baud` are those of a board. Raises click.UsageError, BoardError.
    """
    if target != "board":
        refuse_port(port, baud)
        yield partial(_rtl if target == "rtl" else _golden, lanes)
        return
    if lanes is not None:
        raise click.UsageError("A board has its own lanes: leave --lanes out.")
    from firstspike.scripts.targets.board import opened

    with opened(port, baud) as board:

        def on_board(state, ticks, labels, settings, exact):
            expected, found = board.learn(state, ticks, labels, settings)
            return expected, sums(expected) | taken_over(state, expected, found)

        yield on_board


def _golden(
    lanes: int | None,
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    exact: bool,
) -> tuple[Results, dict[str, int]]:
    if lanes is None:
        return learn(state, ticks, labels, settings, exact), {}
    learned = learn(state, ticks, labels, settings, exact, trace=True)
    folding = Folding.of(state.template, lanes)
    expected = learning_cycles(state.template, ticks, learned, folding)
    return expected, sums(expected)


def _rtl(
    lanes: int | None,
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    exact: bool,
) -> tuple[Results, dict[str, int]]:
    """Learn on the generated hardware, cycle by cycle, on Verilator; golden learns beside it.

    The state gets the weights of the hardware, and golden's generator.
    """
    from firstspike.sim.benches.core.learning import learn_on_rtl

    folding = Folding.of(state.template, lanes)
    found = learn_on_rtl(state, ticks, labels, settings, folding)
    learned = learn(state, ticks, labels, settings, trace=True)
    expected = learning_cycles(state.template, ticks, learned, folding)
    return expected, sums(expected) | taken_over(state, expected, found)


def taken_over(state: LearningState, expected: Results, found: Results) -> dict[str, int]:
    """Give the state the weights that the hardware has; returns `DIFFERENCES`."""
    what = [difference.what for difference in differences(expected, found)]
    for ours, theirs in zip(state.weights, found.weights, strict=True):
        ours[:] = theirs
    return dict(zip(DIFFERENCES, (len(what), what.count("weight")), strict=True))


def sums(expected: Results) -> dict[str, int]:
    """`CYCLES` of images that are learned."""
    return dict(zip(CYCLES, _cycles(expected), strict=True))


def _cycles(expected: Results) -> Iterator[int]:
    for chosen in (np.ones_like(expected.updated), expected.updated):
        yield int(expected.turnaround[chosen].sum())
        yield int(expected.run_on[chosen].sum())
    yield int((expected.turnaround - expected.cycles)[~expected.updated].sum())
