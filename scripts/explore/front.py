# SPDX-License-Identifier: BSD-2-Clause
"""Compares networks: limits, fronts, which training continues, and which one is chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

PRUNED_BY = 1 / 4
"""A training ends if more than this share of the trainings at the same rung dominate it."""


class Figures(NamedTuple):
    """Accuracy and speed of a network on a board."""

    accuracy: float
    us: float
    """Microseconds per image, infinite if the network does not fit."""

    def dominates(self, other: "Figures") -> bool:
        """Whether nothing is worse than in `other`, and something is better."""
        return _dominates((-self.accuracy, self.us), (-other.accuracy, other.us))


@dataclass(frozen=True)
class Limits:
    """The requested limits. Being better than a limit is no advantage."""

    latency: float | None = None
    """Largest microseconds per image."""
    accuracy: float | None = None
    """Smallest accuracy, 0 to 1."""

    def met_by(self, figures: Figures) -> bool:
        """Whether figures meet the limits."""
        return (self.latency is None or figures.us <= self.latency) and (
            self.accuracy is None or figures.accuracy >= self.accuracy
        )

    def goal(self, figures: Figures) -> Figures:
        """Return the figures that a search improves: they are clipped at the limits."""
        accuracy, us = figures
        return Figures(
            accuracy if self.accuracy is None else min(accuracy, self.accuracy),
            us if self.latency is None else max(us, self.latency),
        )

    def key(self, figures: Figures) -> tuple[bool, float, float]:
        """Return the sort key of figures, largest for the best.

        The most accurate network within the limits is the best. If only an accuracy is requested,
        the fastest one is.
        """
        accuracy, us = figures
        fast = self.latency is None and self.accuracy is not None
        return (self.met_by(figures), *((-us, accuracy) if fast else (accuracy, -us)))


def goes_on(figures: Figures, peers: Iterable[Figures]) -> bool:
    """Whether a training continues with its next rung; `peers` are trainings at the same rung."""
    peers = list(peers)
    return sum(other.dominates(figures) for other in peers) <= PRUNED_BY * len(peers)


Named = TypeVar("Named")


def front(costs: dict[Named, Sequence[float]]) -> list[Named]:
    """Return the names that no other name dominates with equal or lower costs, one of them lower.

    If costs are equal, the first name is kept.
    """
    first = {tuple(one): name for name, one in reversed(costs.items())}
    return [
        name
        for one, name in reversed(first.items())
        if not any(_dominates(other, one) for other in first)
    ]


def _dominates(costs: Sequence[float], other_costs: Sequence[float]) -> bool:
    return costs != other_costs and all(a <= b for a, b in zip(costs, other_costs, strict=True))
