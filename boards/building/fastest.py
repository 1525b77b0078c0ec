# SPDX-License-Identifier: BSD-2-Clause
"""Searches the highest clock that a placement meets, and stores the placements of the search."""

import json
from collections.abc import Callable, Iterable, Sequence
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from firstspike.boards.families.pll import MHZ
from firstspike.golden.foreign.json_text import JsonError, check_json, read_json
from firstspike.golden.system.files import read_file, replace_file
from firstspike.hdl.flow.synthesis import Placement

from . import clock
from .design import Design
from .plan import needs_of
from .shipped_builds import builds_of

STEP = 0.01
"""Smallest relative distance from a clock that was met to the next one to try: seeds differ by
more."""

SEEDS = (1, 2)
"""Default seeds at each clock."""

PLACED = "placed.json"
"""File in a build's folder that lists the placements of a search."""

_BYTES = 1 << 20
_ENTRY = {
    "network": str,
    "build": str,
    "tools": [str],
    "clock": range(1, 1 << 32),
    "seed": int,
    "fmax": (float, range(1, 1 << 32)),
    "met": bool,
}


class SeedResult(NamedTuple):
    """The result of a seed at a clock."""

    met: bool
    fmax: float
    """MHz."""


def expected(design: Design) -> float:
    """Return the expected MHz of the design: those of a known build, or an estimate."""
    known = [
        build.fmax
        for build, one in builds_of(design.network, design.board)
        if (build.board, one.config) == (design.board.name, design.config)
    ]
    return max(known) if known else clock.megahertz(design, needs_of(design)["LUTs"])


def fastest(
    clocks: Sequence[int], mhz: float, reach: Callable[[int], Iterable[SeedResult]]
) -> int | None:
    """Return the highest clock that is met, in Hz; None if even the slowest is missed.

    `clocks` are the candidates in Hz, the slowest first, and `mhz` is the expected clock. `reach`
    places at a clock, and returns the result of each seed. A candidate is open if it is below every
    missed clock, and more than STEP above the highest met clock. The next clock is the highest open
    one up to the MHz that the last placements reached, or the lowest open one. The search ends when
    no candidate is open.
    """
    met, missed = 0.0, inf
    while True:
        left = [hz for hz in clocks if met * (1 + STEP) <= hz < missed]
        if not left:
            return round(met) or None
        candidate = max((hz for hz in left if hz <= mhz * MHZ), default=left[0])
        seeds = list(reach(candidate))
        mhz = max(seed.fmax for seed in seeds)
        if any(seed.met for seed in seeds):
            met = candidate
        else:
            missed = candidate


class Placed:
    """The placements of a search, stored in a build's folder so that none is repeated.

    A design is identified by its build hash, its network and the tools. Raises JsonError if another
    program has written the file PLACED.
    """

    def __init__(self, folder: Path, tools: Sequence[str]):
        self._path, self._tools = folder / PLACED, list(tools)
        self._entries: list[dict[str, Any]] = []
        if self._path.exists():
            try:
                self._entries = read_json(read_file(self._path, _BYTES))
                check_json(self._entries, [_ENTRY], "it")
            except JsonError as error:
                raise JsonError(
                    f"{self._path} is no list of placements ({error}): remove it, or name another "
                    "folder by -o."
                ) from None

    def seeds(self, design: Design) -> dict[int, SeedResult]:
        """Return the results of the seeds of a design."""
        if all(entry["clock"] != design.hz for entry in self._entries):
            return {}  # without building the design for its hash
        key = self._key(design)
        return {
            entry["seed"]: SeedResult(entry["met"], entry["fmax"])
            for entry in self._entries
            if key.items() <= entry.items()
        }

    def add(self, design: Design, seed: int, placement: Placement) -> None:
        """Store the result of a seed."""
        result = {"seed": seed, "fmax": placement.fmax, "met": placement.met}
        self._entries.append(self._key(design) | result)
        lines = ",\n".join(map(json.dumps, self._entries))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._path, f"[\n{lines}\n]\n".encode())

    def _key(self, design: Design) -> dict[str, Any]:
        return {
            "network": design.network.digest(),
            "build": design.build_hash.hex(),
            "tools": self._tools,
            "clock": design.hz,
        }
