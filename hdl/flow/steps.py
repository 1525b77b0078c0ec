# SPDX-License-Identifier: BSD-2-Clause
"""Progress reports of long steps: the library announces steps, and a program displays them.

Work that takes seconds or minutes runs inside of `with step(what)`. The library prints nothing; an
interactive program registers a display with `shown_by`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

Tell = Callable[[str], None]
"""A function that receives the progress of a step as a short text."""

Show = Callable[[str], AbstractContextManager[Tell]]
"""A function from the name of a step to the context in which the step runs."""


def untold(progress: str) -> None:
    """Show no progress."""


_shows: list[Show] = [lambda what: nullcontext(untold)]


def step(what: str) -> AbstractContextManager[Tell]:
    """Return a context for work that takes seconds or minutes; `what` names tool and work.

    The context yields a function that accepts the progress as text.
    """
    return _shows[-1](what)


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Display every step that starts inside of the context, in any thread, with `show`."""
    _shows.append(show)
    try:
        yield
    finally:
        _shows.remove(show)
