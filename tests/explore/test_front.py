# SPDX-License-Identifier: BSD-2-Clause
"""Comparison of points, continued trainings, and the chosen network."""

from math import inf

import pytest

from firstspike.scripts.explore.front import Figures, Limits, front, goes_on

pytestmark = pytest.mark.fast

FAST, MIDDLE, GOOD = Figures(0.90, 10), Figures(0.95, 20), Figures(0.98, 50)


def test_the_front_is_what_nothing_dominates():
    costs = {
        1: (2, 50, 9),
        2: (6, 25, 9),
        3: (10, 10, 9),
        4: (5, 20, 9),
        5: (5, 20, 9),
        6: (50, inf, 8),
    }
    assert front(costs) == [1, 3, 4, 6]


def test_what_many_dominate_ends():
    others = [FAST, MIDDLE, GOOD, Figures(0.80, 40)]
    assert goes_on(Figures(0.99, inf), others)
    assert goes_on(MIDDLE, others)
    assert not goes_on(Figures(0.89, 60), others)
    assert goes_on(Figures(0.5, 99), [])


@pytest.mark.parametrize(
    ("limits", "best"),
    [
        (Limits(), GOOD),
        (Limits(latency=20), MIDDLE),
        (Limits(accuracy=0.94), MIDDLE),
        (Limits(accuracy=0.89), FAST),
        (Limits(latency=60, accuracy=0.94), GOOD),
        (Limits(latency=5), GOOD),
    ],
)
def test_the_best_keeps_the_limits(limits, best):
    assert max((FAST, MIDDLE, GOOD), key=limits.key) == best


def test_inside_of_a_limit_nothing_is_gained():
    limits = Limits(latency=20, accuracy=0.95)
    assert limits.goal(FAST) == Figures(0.90, 20)
    assert limits.goal(GOOD) == Figures(0.95, 50)
