# SPDX-License-Identifier: BSD-2-Clause
"""Builds points of a front: the chosen one, and some neighbours."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstspike.boards.building.bitstream import REPORT, Flow, bitstreams, build, tools_for
from firstspike.boards.building.clock import clocked
from firstspike.boards.building.design import Design, Requirements
from firstspike.boards.building.plan import Plan
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network
from firstspike.golden.system.files import adding_to, naming
from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.flow.toolchain import ToolError
from firstspike.scripts.shares.work import Shares

SEEDS = (1, 2, 3)
"""Seeds of the placement, tried in turn.

At the estimated clock only the first is tried: seeds differ by less than the error of an estimate.
"""


@dataclass(frozen=True)
class BuildTask:
    """A design to build."""

    network: bytes
    """Content of the network file."""
    board: str
    required: Requirements

    @classmethod
    def of(cls, plan: Plan) -> "BuildTask":
        """Return the task for a plan that fits."""
        assert plan.design is not None
        return cls(
            network=plan.design.network.to_bytes(),
            board=plan.board.name,
            required=Requirements(plan.design.config.folding.shape, plan.design.hz),
        )


def built(task: BuildTask) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Build a bitstream. If the clock is missed, build again at a clock that was reached.

    Returns the report of `build`, or the `reason` of a failure, and the bitstream by name if the
    clock was met.
    """
    network, board = Network.from_bytes(task.network), BOARDS[task.board]
    design = Design.of(network, board, task.required)
    seeds: Sequence[int] = SEEDS[:1]
    while True:
        with temporary_folder() as folder:
            try:
                report = build(design, folder, Flow(tools_for(board), seeds))
            except ToolError as error:  # the estimate was too low, and the design does not fit
                return {"met": False, "reason": str(error)}, {}
            files = {path.name: path.read_bytes() for path in bitstreams(folder)}
        slower = clocked(design, max(report["fmax"].values()))
        if report["met"] or slower.hz >= design.hz:
            return report, files
        design, seeds = slower, SEEDS


def build_all(
    work: Shares, plans: Mapping[int, Plan], folder: Path
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Build plans, each by the number of its training; yield number and report of each.

    Each build gets a folder named after its number, with network, report and bitstream.
    """
    numbers = {BuildTask.of(plan): number for number, plan in plans.items()}
    for task, (report, files) in work.results(built, list(numbers), what="placements"):
        number = numbers[task]
        into = folder / str(number)
        with naming(into), adding_to(into) as making:
            (making / "network.npz").write_bytes(task.network)
            (making / REPORT).write_text(json.dumps(report, indent=1) + "\n")
            for name, content in files.items():
                (making / name).write_bytes(content)
        yield number, report
