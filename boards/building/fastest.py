# SPDX-License-Identifier: BSD-2-Clause
"""Searches the highest clock that a placement meets, and stores the placements of the search."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from firstspike.boards.families.pll import MHZ
from firstspike.hdl.flow.synthesis import Placement
from firstspike.sim.harness.cache import store, stored

from . import clock
from .design import Design
from .plan import needs_of
from .shipped_builds import builds_of

STEP = 0.01
"""Smallest relative distance from a clock that was met to the next one to try: seeds differ by
more."""

SEEDS = (1, 2)
"""Default seeds at each clock."""


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


@dataclass(frozen=True)
class Placed:
    """The placements of searches, in the cache of results: none is repeated.

    A design is identified by its build hash, its network and its clock.
    """

    tools: Sequence[str]
    """Names and versions of the tools."""

    def seeds(self, design: Design, seeds: Iterable[int]) -> dict[int, SeedResult]:
        """Return the results of those seeds of a design that were placed."""
        known = {seed: stored(self._key(design, seed)) for seed in seeds}
        return {seed: SeedResult(*json.loads(text)) for seed, text in known.items() if text}

    def add(self, design: Design, seed: int, placement: Placement) -> None:
        """Store the result of a seed. Raises OSError if the cache cannot be written."""
        result = SeedResult(placement.met, placement.fmax)
        store(self._key(design, seed), json.dumps(result).encode())

    def _key(self, design: Design, seed: int) -> list[str]:
        named = (design.network.digest(), design.build_hash.hex(), design.hz, seed)
        return ["placement", *map(str, named), *self.tools]
