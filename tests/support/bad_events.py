# SPDX-License-Identifier: BSD-2-Clause
"""The causes of bad events that a decision reports."""

from collections.abc import Iterable


def causes_at(decision: int, stream: Iterable[tuple[int, int]], final: int = 0) -> int:
    """The causes in the decision of an image that is decided at tick `decision`.

    `stream`: (tick, causes) of every event before the end; `final`: causes that come with the end.
    The events that time is advanced by to the decision carry the causes before them.
    """
    causes, start = 0, None
    for tick, cause in stream:
        if cause:
            causes |= cause
        elif start is None:
            start = tick
        elif tick >= decision and tick > start:
            return causes
    return causes | final
