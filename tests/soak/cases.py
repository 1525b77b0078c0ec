# SPDX-License-Identifier: BSD-2-Clause
"""The random cases of the soak: a kind and a number make one, the same whenever it is tried."""

import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from firstspike.sim.benches.link.fuzz import fuzz
from tests.blocks import EXAMPLES, example_of
from tests.command_line import test_foreign_files, test_kills
from tests.core import test_overlap, test_shapes
from tests.learning import test_random
from tests.link import test_client_fuzz

FRAMES = 500
"""Hostile ones in a case."""

LEARNED = 400
"""Images of a core that learns in a case."""

MUTANTS = 64
"""Mutated files per case."""

KILLS = 2
"""Kills of one verb per case."""


def networks(number: int) -> None:
    """A network of any depth, shape and encoding, its images, pauses and rows."""
    test_shapes.test_a_random_network_equals_golden(number)


def overlap(number: int) -> None:
    """Images that overlap."""
    test_overlap.test_core_of_any_shape_equals_golden(number)


def learning(number: int) -> None:
    """A core that learns, of any encoding and folding."""
    test_random.check_random_core(number, LEARNED)


def frames(number: int) -> None:
    """Hostile frames against the simulated link, now and then bit by bit."""
    found = fuzz(f"soak.{number}", FRAMES, bits=number % 4 == 0)
    assert not found.harmful, found.harmful


def lines(number: int) -> None:
    """The client on a line that goes on being bad: results, and what is learned."""
    test_client_fuzz.check_bad_line(number)


def files(number: int) -> None:
    """Mutants of files of all sorts."""
    with TemporaryDirectory() as folder:
        kind = "hostile" if number % 4 == 0 else "usual"
        test_foreign_files.check_mutants(Path(folder), MUTANTS, number, kind)


def kills(number: int) -> None:
    """A verb, each in its turn, that is ended at random moments."""
    verbs = list(test_kills.VERBS)
    with TemporaryDirectory() as folder:
        test_kills.check_ended(verbs[number % len(verbs)], Path(folder), KILLS, number)


def blocks(number: int) -> None:
    """A bench of one block, each in its turn, with a new seed."""
    name = EXAMPLES[number % len(EXAMPLES)]
    example_of(name)(seed=number % (1 << 31))


Kinds = Mapping[str, Callable[[int], None]]
KINDS: Kinds = {
    one.__name__: one for one in (networks, overlap, learning, frames, lines, files, kills, blocks)
}


class Tried(NamedTuple):
    """A case that was tried."""

    kind: str
    number: int
    failure: str | None
    """The traceback of a case that failed, else None."""


def tried(kinds: Kinds, number: int) -> Iterator[Tried]:
    """Try the case of each kind that has a number."""
    for kind, attempt in kinds.items():
        failure = None
        try:
            attempt(number)
        except Exception:
            failure = traceback.format_exc()
        yield Tried(kind, number, failure)


def tried_all(number: int) -> list[Tried]:
    """Try those of all kinds: a share of the work."""
    return list(tried(KINDS, number))
