# SPDX-License-Identifier: BSD-2-Clause
"""Functions that the tests of the cluster have done: at the top of a module, as those of verbs."""

import time
from dataclasses import dataclass

from firstspike.scripts.errors import VerbError
from firstspike.scripts.shares import versions


@dataclass(frozen=True)
class Number:
    """A task."""

    number: int
    log: str
    """A file, to which a line is added whenever the task is done."""


def squared(task: Number) -> int:
    """Tell that it is called."""
    with open(task.log, "a") as log:
        log.write(f"{task.number}\n")
    return task.number**2


def edited(task: Number) -> int:
    """Change the sources, as far as this process can see."""
    versions.source_digest = lambda *_: "others"
    return squared(task)


def refused(number: int) -> None:
    raise VerbError(f"{number} is no number of ours: take another.")


def faulty(number: int) -> float:
    return number / 0


def endless(number: int) -> int:
    """Return 0 at once; wait for ten minutes with any other number."""
    if number:
        time.sleep(600)
    return number
