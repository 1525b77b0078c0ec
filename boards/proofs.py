# SPDX-License-Identifier: BSD-2-Clause
"""The table of people who have run a board, which pages and `firstspike boards` repeat.

Each entry of proofs.json is a report of `firstspike selftest` that somebody has sent and that has
passed: the board's name, the network's, the month, the report's SHA-256, and where it can be read.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Proof(NamedTuple):
    """A report that has passed."""

    board: str
    network: str
    month: str
    """Year and month, as 2027-01."""
    sha256: str
    """Checksum that the report holds."""
    where: str
    """Address under which the report can be read."""


PROOFS = tuple(
    Proof(**one) for one in json.loads(Path(__file__).with_name("proofs.json").read_text())
)


def proven(boards: Sequence[str], proofs: Sequence[Proof] = PROOFS) -> str:
    """Say of boards how many people have run them, or "not yet run"."""
    people = len([one for one in proofs if one.board in boards])
    if not people:
        return "not yet run"
    return f"run by {people} {'person' if people == 1 else 'people'}"
