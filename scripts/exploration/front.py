# SPDX-License-Identifier: BSD-2-Clause
"""What is better of accuracy and microseconds: limits, fronts, what goes on, what is taken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

PRUNED_BY = 1 / 4
"""Share of the trainings that came as far; one that more of them dominate ends."""


class Figures(NamedTuple):
    """Of a network on a board."""

    accuracy: float
    us: float
    """Microseconds of an image, infinite where the network does not fit."""

    def dominates(self, other: "Figures") -> bool:
        """Whether nothing of it is worse, and something better."""
        return _dominates((-self.accuracy, self.us), (-other.accuracy, other.us))


@dataclass(frozen=True)
class Limits:
    """What is asked for; beyond it, better is no better."""

    latency: float | None = None
    """Microseconds at most."""
    accuracy: float | None = None
    """At least."""

    def met_by(self, figures: Figures) -> bool:
        """Whether they are kept."""
        return (self.latency is None or figures.us <= self.latency) and (
            self.accuracy is None or figures.accuracy >= self.accuracy
        )

    def goal(self, figures: Figures) -> Figures:
        """What a search is to improve: nothing is gained inside of a limit."""
        accuracy, us = figures
        return Figures(
            accuracy if self.accuracy is None else min(accuracy, self.accuracy),
            us if self.latency is None else max(us, self.latency),
        )

    def key(self, figures: Figures) -> tuple[bool, float, float]:
        """By which the best is taken: of those that keep the limits the most accurate, or where an
        accuracy alone is asked for the fastest.
        """
        accuracy, us = figures
        fast = self.latency is None and self.accuracy is not None
        return (self.met_by(figures), *((-us, accuracy) if fast else (accuracy, -us)))


def goes_on(figures: Figures, others: Iterable[Figures]) -> bool:
    """Whether a training is worth its next rung, by `others` that came as far."""
    others = list(others)
    return sum(other.dominates(figures) for other in others) <= PRUNED_BY * len(others)


Named = TypeVar("Named")


def front(costs: dict[Named, Sequence[float]]) -> list[Named]:
    """Those that none of the others dominates: costs no more of anything, and less of something.

    Of equal ones the first.
    """
    first = {tuple(one): name for name, one in reversed(costs.items())}
    return [
        name
        for one, name in reversed(first.items())
        if not any(_dominates(other, one) for other in first)
    ]


def _dominates(costs: Sequence[float], others: Sequence[float]) -> bool:
    return costs != others and all(a <= b for a, b in zip(costs, others, strict=True))
