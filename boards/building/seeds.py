# SPDX-License-Identifier: BSD-2-Clause
"""Placement with several seeds: the inputs of a placement, and a sequential implementation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firstspike.hdl.flow.devices import Family
from firstspike.hdl.flow.steps import Tell, step, untold
from firstspike.hdl.flow.synthesis import Placement, place_and_route

SEEDS = (1, 2, 3, 4, 5)
"""Default seeds, tried in this order."""


@dataclass(frozen=True)
class Placer:
    """A synthesised design in a folder, for placement and routing."""

    family: Family
    words: tuple[str, ...]
    """Arguments of nextpnr without the seed; file names are relative to the folder."""
    folder: Path
    native: bool = False
    """Whether to use the nextpnr on the PATH."""

    def place_and_route(self, seed: int, tell: Tell = untold) -> Placement:
        """Place and route; the folder then has the packer's input. Raises ToolError.

        `tell` receives the progress.
        """
        words = [*self.words, "--seed", str(seed)]
        return place_and_route(self.family, words, self.folder, native=self.native, tell=tell)


Placed = Callable[[int, Placement], None]
"""Function that is called for each relevant placement."""

PlaceSeeds = Callable[[Placer, Sequence[int], Placed], dict[int, Placement]]
"""Function that places with seeds and returns the relevant placements; the best is in the
folder."""


def in_turn(placer: Placer, seeds: Sequence[int], placed: Placed) -> dict[int, Placement]:
    """Place with one seed after another until a placement is fast enough."""
    tried: dict[int, Placement] = {}
    for seed in seeds:
        with step(f"{placer.family.router}: place and route, seed {seed}") as tell:
            tried[seed] = placer.place_and_route(seed, tell)
        placed(seed, tried[seed])
        if tried[seed].met:
            break
    return tried


def best_of(tried: Mapping[int, Placement]) -> int:
    """Return the fastest of the seeds that are fast enough, or the fastest of all."""
    return max(tried, key=lambda seed: (tried[seed].met, tried[seed].fmax))
