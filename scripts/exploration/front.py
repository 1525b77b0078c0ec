# SPDX-License-Identifier: BSD-2-Clause
"""Says which networks are better: limits, fronts, which training goes on, which is taken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

PRUNED_BY = 1 / 4
"""A training ends if more than this share of those that came as far dominate it."""


class Figures(NamedTuple):
    """Accuracy and speed of a network on a board."""

    accuracy: float
    us: float
    """Microseconds per image, infinite where the network does not fit."""

    def dominates(self, other: "Figures") -> bool:
        """Whether nothing here is worse than in `other`, and something is better."""
        return _dominates((-self.accuracy, self.us), (-other.accuracy, other.us))


@dataclass(frozen=True)
class Limits:
    """What is asked for. A network gains nothing by being better than a limit."""

    latency: float | None = None
    """Most microseconds per image."""
    accuracy: float | None = None
    """Least accuracy, 0 to 1."""

    def met_by(self, figures: Figures) -> bool:
        """Whether figures keep the limits."""
        return (self.latency is None or figures.us <= self.latency) and (
            self.accuracy is None or figures.accuracy >= self.accuracy
        )

    def goal(self, figures: Figures) -> Figures:
        """Return what a search is to improve: figures, cut off at the limits."""
        accuracy, us = figures
        return Figures(
            accuracy if self.accuracy is None else min(accuracy, self.accuracy),
            us if self.latency is None else max(us, self.latency),
        )

    def key(self, figures: Figures) -> tuple[bool, float, float]:
        """Return the key by which the best figures are the largest.

        The most accurate network within the limits is the best. Where only an accuracy is asked
        for, the fastest one is.
        """
        accuracy, us = figures
        fast = self.latency is None and self.accuracy is not None
        return (self.met_by(figures), *((-us, accuracy) if fast else (accuracy, -us)))


def goes_on(figures: Figures, others: Iterable[Figures]) -> bool:
    """Whether a training is worth its next rung; `others` are trainings that came as far."""
    others = list(others)
    return sum(other.dominates(figures) for other in others) <= PRUNED_BY * len(others)


Named = TypeVar("Named")


def front(costs: dict[Named, Sequence[float]]) -> list[Named]:
    """Return the names that no other one dominates: it would cost no more, and less of something.

    Of equal costs the first name is taken.
    """
    first = {tuple(one): name for name, one in reversed(costs.items())}
    return [
        name
        for one, name in reversed(first.items())
        if not any(_dominates(other, one) for other in first)
    ]


def _dominates(costs: Sequence[float], others: Sequence[float]) -> bool:
    return costs != others and all(a <= b for a, b in zip(costs, others, strict=True))
