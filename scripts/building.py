# SPDX-License-Identifier: BSD-2-Clause
"""Builds a design into a folder, at its clock or at the highest clock that is met."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from firstspike.boards.building.bitstream import (
    BUILT,
    REPORT,
    REPORT_BYTES,
    REPORT_TEXT,
    Flow,
    bitstreams,
    build,
    fingerprint,
    read_report,
)
from firstspike.boards.building.design import Design
from firstspike.boards.building.fastest import Placed, SeedResult, expected, fastest
from firstspike.boards.families.pll import MHZ
from firstspike.golden.foreign.json_text import JsonError
from firstspike.golden.system.files import adding_to, naming, read_file
from firstspike.hdl.flow.toolchain import ToolError

from .build_report import report_text
from .output import note

_MET = {**BUILT, "build": str, "met": True}
"""Description of a report of a build that met its clock."""


class Built(NamedTuple):
    """The report of a build, as data and as text."""

    report: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Building:
    """How designs are built, and into which folder."""

    folder: Path
    command: str
    """The command line, for the report."""
    flow: Flow

    def at_its_clock(self, design: Design) -> Built:
        """Build the design; replace an earlier build in the folder."""
        built = self._built(design, self.flow)
        if not built.report["met"]:
            for stale in bitstreams(self.folder):
                stale.unlink()
        return built

    def at_the_highest(self, design: Design) -> Built:
        """Build at the highest clock that a seed meets.

        Whenever a clock is met, the folder receives its build. Placements of an earlier search
        are not repeated. Raises ToolError if no clock is met.
        """
        placed, design_at = Placed(self.flow.tools), cache(design.at)  # a design stores its hash

        def reach(hz: int) -> list[SeedResult]:
            one = design_at(hz)
            known = placed.seeds(one, self.flow.seeds)
            left = [seed for seed in self.flow.seeds if seed not in known]
            if left and not any(seed.met for seed in known.values()):
                self._build_with_seeds(one, left, placed)
                known = placed.seeds(one, self.flow.seeds)
            speeds = ", ".join(f"{one.fmax:.2f} MHz with seed {n}" for n, one in known.items())
            met = any(one.met for one in known.values())
            note(f"{hz / MHZ:g} MHz is {'met' if met else 'not met'}: {speeds}.")
            return list(known.values())

        hz = fastest(design.clocks(), expected(design), reach)
        if hz is None:
            raise ToolError("the design meets no clock that the PLL makes: take fewer lanes.")
        best = design_at(hz)
        results = placed.seeds(best, self.flow.seeds)
        seeds = [seed for seed, result in results.items() if result.met]
        return self._existing_build(best) or self._build_with_seeds(best, seeds[:1], placed)

    def _existing_build(self, design: Design) -> Built | None:
        """Return the build of a design if the folder contains it."""
        try:
            report = read_report(self.folder, _MET)
            text = read_file(self.folder / REPORT_TEXT, REPORT_BYTES).decode(errors="replace")
        except (JsonError, OSError):
            return None
        is_it = (report["build"], report["network"], [report["bitstream"]]) == (
            design.build_hash.hex(),
            design.network.digest(),
            [fingerprint(path) for path in bitstreams(self.folder)],
        )
        return Built(report, text.rstrip("\n")) if is_it else None

    def _build_with_seeds(self, design: Design, seeds: Sequence[int], placed: Placed) -> Built:
        """Build with these seeds if one is fast enough, and store the result of each."""
        flow = replace(self.flow, seeds=seeds, placed=partial(placed.add, design))
        return self._built(design, flow, only_met=True)

    def _built(self, design: Design, flow: Flow, *, only_met: bool = False) -> Built:
        """Build into the folder; an earlier build stays until the new one is complete.

        With `only_met` it also stays if no seed is fast enough.
        """
        with naming(self.folder), adding_to(self.folder) as making:
            report = {"command": self.command, **build(design, making, flow)}
            text = report_text(report)
            (making / REPORT).write_text(json.dumps(report, indent=1) + "\n")
            (making / REPORT_TEXT).write_text(text + "\n")
            if only_met and not report["met"]:
                for path in making.iterdir():
                    path.unlink()
        return Built(report, text)
