# SPDX-License-Identifier: BSD-2-Clause
"""Steps that take long: a library says that it does one, a program decides how that is shown.

What takes seconds or minutes is done inside `with step(what)`. Nothing is printed, unless a program
with someone in front of it has asked for it by `shown_by`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

Show = Callable[[str], AbstractContextManager[Any]]
"""Given what is done; it is done inside."""

_shows: list[Show] = [nullcontext]


def step(what: str) -> AbstractContextManager[Any]:
    """Do something that takes seconds or minutes, inside; `what` names the tool and the work."""
    return _shows[-1](what)


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Let `show` have every step, in any thread, that begins inside."""
    _shows.append(show)
    try:
        yield
    finally:
        _shows.remove(show)
