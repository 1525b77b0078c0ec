# SPDX-License-Identifier: BSD-2-Clause
"""README and `firstspike boards` repeat one table of people who have run a board."""

import re
from pathlib import Path

import pytest

from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.proofs import PROOFS, Proof, proven
from firstspike.golden.shipped import shipped

pytestmark = pytest.mark.fast

README = (Path(__file__).parents[2] / "README.md").read_text()


def proof(board):
    """A report of somebody."""
    return Proof(board, "mnist-4bit", "2027-01", "0" * 64, "https://example.org")


@pytest.mark.parametrize(
    ("boards", "told"),
    [
        ([], "not yet run"),
        (["upduino"], "not yet run"),
        (["icebreaker"], "run by 1 person"),
        (["icebreaker", "upduino", "icebreaker"], "run by 2 people"),
    ],
)
def test_people_are_counted_by_board(boards, told):
    assert proven(["icebreaker"], [proof(board) for board in boards]) == told


def test_the_entries_name_boards_networks_and_reports():
    for one in PROOFS:
        assert one.board in BOARDS
        assert one.network in shipped()
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", one.month)
        assert re.fullmatch("[0-9a-f]{64}", one.sha256)
        assert one.where.startswith("https://")
    assert len({one.sha256 for one in PROOFS}) == len(PROOFS)


def test_the_readme_says_what_the_table_says():
    assert f"[{proven(list(BOARDS))}](./docs/proofs.md)" in README
    assert ("no bitstream has been run on a physical board" in README) == (not PROOFS)
