# SPDX-License-Identifier: BSD-2-Clause
"""The table of users who have run a board, for pages and `firstspike boards`.

Each entry of proofs.json is a passed report of `firstspike selftest` that a user has sent: the
board's name, the network's, the month, the report's SHA-256, and the address of the report.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Proof(NamedTuple):
    """A report of a passed self-test."""

    board: str
    network: str
    month: str
    """Year and month, such as 2027-01."""
    sha256: str
    """Checksum in the report."""
    where: str
    """Address of the report."""


PROOFS = tuple(
    Proof(**one) for one in json.loads(Path(__file__).with_name("proofs.json").read_text())
)


def proven(boards: Sequence[str], proofs: Sequence[Proof] = PROOFS) -> str:
    """Return, for boards, the number of users who have run them, or "not yet run"."""
    people = len([one for one in proofs if one.board in boards])
    if not people:
        return "not yet run"
    return f"run by {people} {'person' if people == 1 else 'people'}"
