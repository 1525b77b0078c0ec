# SPDX-License-Identifier: BSD-2-Clause
"""Random cases without end: networks, overlap, hostile frames, damaged lines, files, kills.

    make soak HOURS=8

A case is a kind and a number, and is the same whenever it is tried:

    python -m tests.support.soak --case networks 17

What fails is kept in build/soak, a file a case, and the next one is tried. Ctrl-C ends it.
"""

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from firstspike.sim.benches.link.fuzz import fuzz
from tests.command_line import test_foreign_files, test_kills
from tests.core import test_depths, test_overlap
from tests.link import test_client_fuzz

FOLDER = Path("build/soak")
FRAMES = 500
"""Hostile ones in a case."""

MUTANTS = 64
"""Of files, likewise."""

KILLS = 2
"""Of one verb, likewise."""


def networks(number: int) -> None:
    """A network of any depth, shape and encoding, its images, pauses and rows."""
    test_depths.test_a_random_network_equals_golden(number)


def overlap(number: int) -> None:
    """Images that overlap."""
    test_overlap.test_core_of_any_shape_equals_golden(number)


def frames(number: int) -> None:
    """Hostile frames against the simulated link, now and then bit by bit."""
    found = fuzz(f"soak.{number}", FRAMES, bits=number % 4 == 0)
    assert not found.harmful, found.harmful


def lines(number: int) -> None:
    """The client on a line that goes on being bad: results, and what is learned."""
    test_client_fuzz.check_results_on_a_bad_line(number)
    test_client_fuzz.check_learning_on_a_bad_line(number)


def files(number: int) -> None:
    """Mutants of files of all sorts."""
    with TemporaryDirectory() as folder:
        test_foreign_files.check_mutants(Path(folder), MUTANTS, number)


def kills(number: int) -> None:
    """A verb, each in its turn, that is ended at random moments."""
    verbs = list(test_kills.VERBS)
    with TemporaryDirectory() as folder:
        test_kills.check_ended(verbs[number % len(verbs)], Path(folder), KILLS, number)


Kinds = Mapping[str, Callable[[int], None]]
KINDS: Kinds = {one.__name__: one for one in (networks, overlap, frames, lines, files, kills)}


def soak(kinds: Kinds, hours: float, first: int, folder: Path) -> Counter[str]:
    """Try cases of all kinds in turn, from a number on; returns how many of each have failed.

    At least one of each; ends in the middle of a case where it is interrupted.
    """
    tried, failed = Counter[str](), Counter[str]()
    end, number = time.monotonic() + hours * 3600, first
    try:
        while number == first or time.monotonic() < end:
            for kind, attempt in kinds.items():
                try:
                    attempt(number)
                except Exception:
                    failed[kind] += 1
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / f"{kind}-{number}.txt").write_text(traceback.format_exc())
                    print(f"{kind} {number} fails: {folder}/{kind}-{number}.txt", flush=True)
                tried[kind] += 1
            number += 1
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    said = ", ".join(f"{tried[kind]} {kind} ({failed[kind]} failed)" for kind in kinds)
    print(f"tried from number {first} on: {said}", flush=True)
    return failed


def main() -> None:
    """Soak, or try one case again; exit status 1 where any has failed."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=1)
    parser.add_argument("--case", nargs=2, metavar=("KIND", "NUMBER"))
    given = parser.parse_args()
    if given.case:
        kind, number = given.case
        KINDS[kind](int(number))
        return
    sys.exit(bool(soak(KINDS, given.hours, random.randrange(1 << 32), FOLDER)))


if __name__ == "__main__":
    main()
