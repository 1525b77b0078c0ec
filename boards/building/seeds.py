# SPDX-License-Identifier: BSD-2-Clause
"""Placement seed by seed: what is placed, and the way to do it here, one seed after another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firstspike.hdl.flow.devices import Family
from firstspike.hdl.flow.steps import Tell, step, untold
from firstspike.hdl.flow.synthesis import Placement, place

SEEDS = (1, 2, 3, 4, 5)
"""Seeds that are tried in turn if none is named."""


@dataclass(frozen=True)
class Placer:
    """A synthesised design, in a folder, that is to be placed and routed."""

    family: Family
    words: tuple[str, ...]
    """Arguments of nextpnr without the seed; files are named as in the folder."""
    folder: Path
    native: bool = False
    """Whether the nextpnr of the PATH places it."""

    def place(self, seed: int, tell: Tell = untold) -> Placement:
        """Place and route; the folder then has what the packer takes. Raises ToolError.

        `tell` gets the progress.
        """
        words = [*self.words, "--seed", str(seed)]
        return place(self.family, words, self.folder, native=self.native, tell=tell)


PlaceSeeds = Callable[[Placer, Sequence[int]], dict[int, Placement]]
"""It places with seeds and returns the placements that count; that of the best is in the folder."""


Placed = Callable[[int, Placement], None]
"""It is told of each seed that was placed."""


def in_turn(
    placer: Placer, seeds: Sequence[int], placed: Placed = lambda *_: None
) -> dict[int, Placement]:
    """Place with one seed after another until one is fast enough."""
    tried: dict[int, Placement] = {}
    for seed in seeds:
        with step(f"{placer.family.router}: place and route, seed {seed}") as tell:
            tried[seed] = placer.place(seed, tell)
        placed(seed, tried[seed])
        if tried[seed].met:
            break
    return tried


def best_of(tried: Mapping[int, Placement]) -> int:
    """The fastest of the seeds that are fast enough, or else of all."""
    return max(tried, key=lambda seed: (tried[seed].met, tried[seed].fmax))
