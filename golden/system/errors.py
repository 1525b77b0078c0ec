# SPDX-License-Identifier: BSD-2-Clause
"""The base class of all errors that a user may see."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class FirstSpikeError(Exception):
    """A FirstSpike error: a sentence with the value, the allowed range or the remedy.

    Errors of other classes, except `OSError` and `MemoryError`, are faults of the program.
    """


class ParameterNameError(FirstSpikeError, TypeError):
    """A function has no parameter of a name; the message has the nearest name, or all of them."""


def nearest(name: object, known: Iterable[str]) -> str:
    """Return the remedy for a wrong name, for a message: the nearest known name, or all of them."""
    names = list(known)
    close = get_close_matches(str(name), names, n=1)
    return f"did you mean {close[0]}?" if close else f"give {', '.join(names)}."


def check_names(names: Iterable[str], known: Collection[str], what: str) -> None:
    """Raise `ParameterNameError` for the first name that is not known; `what` describes names."""
    for name in names:
        if name not in known:
            raise ParameterNameError(f"{name} is no {what}: {nearest(name, known)}")


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
