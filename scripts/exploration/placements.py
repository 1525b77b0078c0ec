# SPDX-License-Identifier: BSD-2-Clause
"""Placing points of a front for real: the one that is taken, and some beside it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstspike.boards.building.bitstream import REPORT, bitstreams, build, tools_for
from firstspike.boards.building.design import Design
from firstspike.boards.building.plan import Plan
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network
from firstspike.golden.files import adding_to, naming
from firstspike.golden.temporary import temporary_folder
from firstspike.scripts.shares import Shares

SEEDS = (1, 2, 3)
"""Of the placement, tried in turn."""


@dataclass(frozen=True)
class Placing:
    """A design to be placed."""

    network: bytes
    """Its file."""
    board: str
    lanes: int
    rows: int
    window: int
    hz: int

    @classmethod
    def of(cls, plan: Plan) -> "Placing":
        """What is planned, and fits."""
        assert plan.design and plan.lanes and plan.rows  # it fits
        assert plan.window is not None
        network = plan.design.network.to_bytes()
        return cls(network, plan.board.name, plan.lanes, plan.rows, plan.window, plan.design.hz)


@dataclass(frozen=True)
class PlacedFiles:
    """What came of it."""

    report: dict[str, Any]
    """That of `build`."""
    files: dict[str, bytes]
    """The bitstream, if the clock was met."""


def place(placing: Placing) -> PlacedFiles:
    """Build a bitstream. Raises ToolError."""
    network, board = Network.from_bytes(placing.network), BOARDS[placing.board]
    design = Design.of(network, board, placing.lanes, placing.window, placing.hz, rows=placing.rows)
    with temporary_folder() as folder:
        report = build(design, folder, tools_for(board), seeds=SEEDS)
        files = {path.name: path.read_bytes() for path in bitstreams(folder)}
    return PlacedFiles(report, files)


def place_all(
    work: Shares, plans: Mapping[int, Plan], folder: Path
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Place what is planned, by the numbers of the trainings, and give the report of each.

    Each gets a folder of its number, with network, report and bitstream.
    """
    numbers = {Placing.of(plan): number for number, plan in plans.items()}
    for placing, placed in work.results(place, list(numbers), what="placements"):
        number = numbers[placing]
        into = folder / str(number)
        with naming(into), adding_to(into) as making:
            (making / "network.npz").write_bytes(placing.network)
            (making / REPORT).write_text(json.dumps(placed.report, indent=1) + "\n")
            for name, content in placed.files.items():
                (making / name).write_bytes(content)
        yield number, placed.report
