# SPDX-License-Identifier: BSD-2-Clause
"""The base class of all errors that a user may see."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class FirstSpikeError(Exception):
    """A FirstSpike error: a sentence with the value, the allowed range or the remedy.

    Errors of other classes, except `OSError` and `MemoryError`, are faults of the program.
    """


def remedy(name: str, known: Iterable[str], give: str = "give one of") -> str:
    """Return the end of a sentence on an unknown name: the most similar known name, or all."""
    known = list(known)
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"{give} {', '.join(known)}."


@contextmanager
def convert_errors(
    kind: type[FirstSpikeError], before: str, *errors: type[Exception], after: str = ""
) -> Iterator[None]:
    """Convert `errors` of the block to `kind`, with `before` and `after` around the message."""
    try:
        yield
    except errors as error:
        raise kind(f"{before}{error}{after}") from None
