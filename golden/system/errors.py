# SPDX-License-Identifier: BSD-2-Clause
"""The base class of all errors that a user may see."""

from collections.abc import Iterator
from contextlib import contextmanager


class FirstSpikeError(Exception):
    """A FirstSpike error: a sentence with the value, the allowed range or the remedy.

    Errors of other classes, except `OSError` and `MemoryError`, are faults of the program.
    """


def quoted(value: object, most: int = 60) -> str:
    """Return a value for a message: on one line of at most `most` characters."""
    return " ".join(f"{value!r:.{4 * most}}".split())[:most]


@contextmanager
def convert_errors(
    kind: type[FirstSpikeError], before: str, *errors: type[Exception], after: str = ""
) -> Iterator[None]:
    """Convert `errors` of the block to `kind`, with `before` and `after` around the message."""
    try:
        yield
    except errors as error:
        raise kind(f"{before}{error}{after}") from None
