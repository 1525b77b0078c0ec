# SPDX-License-Identifier: BSD-2-Clause
"""Random cases without end: networks, overlap, hostile frames, damaged lines, files, kills.

    make soak HOURS=8 JOBS=2

A cluster of Dask tries several numbers at once, with several jobs or a scheduler. This tries
one case again:

    python -m tests.soak.run --case networks 17

Each failing case becomes a file in build/soak, and the next case is tried. Ctrl-C ends it.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from firstspike.scripts.shares.work import shares
from tests.soak.cases import KINDS, Kinds, Tried, tried, tried_all

FOLDER = Path("build/soak")


def numbers(first: int, hours: float) -> Iterator[int]:
    """From a number on, at least one, until the time is over."""
    end, number = time.monotonic() + hours * 3600, first
    while number == first or time.monotonic() < end:
        yield number
        number += 1


def in_turn(kinds: Kinds, tasks: Iterable[int]) -> Iterator[Tried]:
    """Try the cases of numbers here, one after another."""
    for number in tasks:
        yield from tried(kinds, number)


def in_shares(tasks: Iterable[int], scheduler: str | None, jobs: int | None) -> Iterator[Tried]:
    """Try the cases of numbers on a cluster. No result is cached: a soak has new numbers."""
    with shares(scheduler, jobs) as work:
        for _, cases in work.results(tried_all, tasks, "numbers", keep=False):
            yield from cases


def soak(kinds: Kinds, cases: Iterable[Tried], first: int, folder: Path) -> Counter[str]:
    """Count the cases that are tried, and keep what fails; gives how many of each kind have failed.

    `first` is the first number. Ends in the middle of a case where it is interrupted.
    """
    count, failed = Counter[str](), Counter[str]()
    try:
        for kind, number, failure in cases:
            count[kind] += 1
            if failure is not None:
                failed[kind] += 1
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{kind}-{number}.txt").write_text(failure)
                print(f"{kind} {number} fails: {folder}/{kind}-{number}.txt", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    said = ", ".join(f"{count[kind]} {kind} ({failed[kind]} failed)" for kind in kinds)
    print(f"tried from number {first} on: {said}", flush=True)
    return failed


def main() -> None:
    """Soak, or try one case again; exit status 1 where any has failed."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--scheduler", metavar="ADDRESS")
    parser.add_argument("--case", nargs=2, metavar=("KIND", "NUMBER"))
    given = parser.parse_args()
    if given.case:
        kind, number = given.case
        KINDS[kind](int(number))
        return
    first = random.randrange(1 << 32)
    tasks = numbers(first, given.hours)
    if given.jobs > 1 or given.scheduler:
        cases = in_shares(tasks, given.scheduler, given.jobs)
    else:
        cases = in_turn(KINDS, tasks)
    sys.exit(bool(soak(KINDS, cases, first, FOLDER)))


if __name__ == "__main__":
    main()
