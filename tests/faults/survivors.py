# SPDX-License-Identifier: BSD-2-Clause
"""Why no test can find some automatic faults: they change nothing for a user."""

import re

from tests.support.rooms import added

SURVIVORS: tuple[tuple[str, str], ...] = (
    (
        r"boards/readback/ecp5/wiring\.py:.*\n.*\n.* known = all_src >",
        "No wire has the number 0, which is that of a corner outside of the die.",
    ),
    (
        r"scripts/.*figure\.py:.*\n.*subfigures\(2, 1,.*\n.*squeeze=True",
        "Two subfigures are an array in both cases; `squeeze` decides on their type for mypy.",
    ),
)
"""Patterns of faults, as `make faults` prints them, and explanations; rooms add theirs."""


def explanation(fault: str) -> str:
    """Return why no test finds a fault, or nothing."""
    return next(
        (why for pattern, why in (*SURVIVORS, *added("SURVIVORS")) if re.search(pattern, fault)), ""
    )
