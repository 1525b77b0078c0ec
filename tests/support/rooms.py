# SPDX-License-Identifier: BSD-2-Clause
"""What rooms add to the tests of the base: tables in `tests/ROOM/added.py`."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
TAKEN_OUT, VERBS_TAKEN_OUT = "FIRSTSPIKE_TAKEN_OUT", "FIRSTSPIKE_VERBS_TAKEN_OUT"
"""Variables by which `tests.removal` says what it has taken out."""


def added(table: str) -> Iterator[Any]:
    """Yield the cases that rooms have in tables of this name; of a mapping, its items."""
    for path in sorted(TESTS.glob("*/added.py")):
        cases = getattr(import_module(f"tests.{path.parent.name}.added"), table, ())
        yield from cases.items() if isinstance(cases, dict) else cases


def is_taken_out(path: str) -> bool:
    """Whether a path inside of the checkout was that of a file of a room."""
    return Path(path).parts[1:2] in [(room,) for room in os.environ.get(TAKEN_OUT, "").split()]


def is_verb_taken_out(verb: str) -> bool:
    """Whether a verb was that of a room."""
    return verb in os.environ.get(VERBS_TAKEN_OUT, "").split()
