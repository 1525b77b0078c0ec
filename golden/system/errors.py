# SPDX-License-Identifier: BSD-2-Clause
"""The base of all errors that a user may see."""

from collections.abc import Iterator
from contextlib import contextmanager


class FirstSpikeError(Exception):
    """An error of ours: a sentence on what was given, what is allowed, or what to do.

    Errors of other classes, but for `OSError` and `MemoryError`, are faults of the program.
    """


@contextmanager
def told_as(
    kind: type[FirstSpikeError], before: str, *errors: type[Exception], after: str = ""
) -> Iterator[None]:
    """Raise `errors` of the block as one of ours, whose sentence has theirs between two texts."""
    try:
        yield
    except errors as error:
        raise kind(f"{before}{error}{after}") from None
