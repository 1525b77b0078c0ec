# SPDX-License-Identifier: BSD-2-Clause
"""All known builds, to which estimates of logic and clock are fitted, and which assess them."""

from dataclasses import dataclass, replace
from functools import cache

from firstspike.boards.pins.board import Board
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network
from firstspike.hdl.core.config import CoreConfig

from .memories import memories, memory_needs, ring_bytes_of
from .random_builds import RandomBuild, random_builds
from .shipped_builds import SHIPPED_BUILDS, design_of


@dataclass(frozen=True)
class KnownBuild:
    """The features of a build for estimates, and the figures to estimate."""

    config: CoreConfig
    board: Board
    luts: int
    """Look-up tables, or logic cells of an iCE40."""
    logic: int
    """The look-up tables that do not serve as memory."""
    fmax: float
    """MHz."""
    held_out: bool = False

    @classmethod
    def of(
        cls, config: CoreConfig, network: Network, board: Board, luts: int, fmax: float
    ) -> "KnownBuild":
        """Return the known build of a network for a board."""
        held = memories(config, network, ring_bytes_of(config, board))
        logic = luts - memory_needs(held, board)["LUTs"]
        return cls(config, board, luts, logic, fmax)

    @classmethod
    def of_random(cls, build: RandomBuild) -> "KnownBuild":
        """Return the known build of an entry of random_builds.json."""
        board = BOARDS[build.board]
        known = cls.of(build.config(), build.network(), board, build.luts, build.fmax)
        return replace(known, held_out=build.held_out)


@cache
def known_builds() -> tuple[KnownBuild, ...]:
    """Return every random build, and every build of a shipped network."""
    shipped = ((design_of(build), build.luts, build.fmax) for build in SHIPPED_BUILDS)
    return (
        *map(KnownBuild.of_random, random_builds()),
        *(KnownBuild.of(d.config, d.network, d.board, luts, fmax) for d, luts, fmax in shipped),
    )
