# SPDX-License-Identifier: BSD-2-Clause
"""Steps that take long: a library says that it does one, a program decides how that is shown.

What takes seconds or minutes is done inside `with step(what)`. Nothing is printed, unless a program
with someone in front of it has asked for it by `shown_by`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

Tell = Callable[[str], None]
"""It is told in a few words how far a step is."""

Show = Callable[[str], AbstractContextManager[Tell]]
"""Given what is done; it is done inside."""


def untold(progress: str) -> None:
    """Show no progress."""


_shows: list[Show] = [lambda what: nullcontext(untold)]


def step(what: str) -> AbstractContextManager[Tell]:
    """Do something that takes seconds or minutes, inside; `what` names the tool and the work.

    The block may tell its progress to what it is given.
    """
    return _shows[-1](what)


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Let `show` have every step, in any thread, that begins inside."""
    _shows.append(show)
    try:
        yield
    finally:
        _shows.remove(show)
