# SPDX-License-Identifier: BSD-2-Clause
"""Finds the highest clock that a placement meets, and remembers what was placed for it."""

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
"""A clock so near to one that was met, as a share of it, is not tried: seeds differ by more."""

SEEDS = (1, 2)
"""Seeds that are tried at each clock if none is named."""

PLACED = "placed.json"
"""The file in a build's folder that tells what was placed in search of a clock."""

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


class Reached(NamedTuple):
    """What a seed has reached at a clock."""

    met: bool
    fmax: float
    """MHz."""


def expected(design: Design) -> float:
    """MHz that the design will reach: those of a known build on its board, else an estimate."""
    known = [
        build.fmax
        for build, one in builds_of(design.network, design.board)
        if (build.board, one.config) == (design.board.name, design.config)
    ]
    return max(known) if known else clock.megahertz(design, needs_of(design)["LUTs"])


def fastest(
    clocks: Sequence[int], mhz: float, reach: Callable[[int], Iterable[Reached]]
) -> int | None:
    """Return the highest clock that is met, in Hz; None if not even the slowest is.

    `clocks` are those to choose from in Hz, the slowest first, and `mhz` is what is expected.
    `reach` places at a clock, and returns what each seed has reached. The next clock is the highest
    one that was reached. If that is no open one, the next clock is the one above the best by STEP.
    The search ends where that clock was missed.
    """
    met, missed = 0.0, inf
    while True:
        left = [hz for hz in clocks if met * (1 + STEP) <= hz < missed]
        if not left:
            return round(met) or None
        asked = max((hz for hz in left if hz <= mhz * MHZ), default=left[0])
        seeds = list(reach(asked))
        mhz = max(seed.fmax for seed in seeds)
        if any(seed.met for seed in seeds):
            met = asked
        else:
            missed = asked


class Placed:
    """What was placed in search of a clock, kept in a build's folder: nothing is placed twice.

    A design is known by its build hash, its network and the tools. Raises JsonError if another
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

    def seeds(self, design: Design) -> dict[int, Reached]:
        """What was reached with each seed of a design."""
        if all(entry["clock"] != design.hz for entry in self._entries):
            return {}  # without building the design to see its hash
        key = self._key(design)
        return {
            entry["seed"]: Reached(entry["met"], entry["fmax"])
            for entry in self._entries
            if key.items() <= entry.items()
        }

    def add(self, design: Design, seed: int, placement: Placement) -> None:
        """Keep what a seed has reached."""
        told = {"seed": seed, "fmax": placement.fmax, "met": placement.met}
        self._entries.append(self._key(design) | told)
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
