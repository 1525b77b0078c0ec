# SPDX-License-Identifier: BSD-2-Clause
"""Builds that met their clock: the basis of plans for shipped networks.

Each line of shipped_builds.json contains the report of a `firstspike build` with this seed, and the
commit at which the build was recorded. A build of a later core replaces it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.board import Board
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network, load_network
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flow.devices import Family

from .design import Design, Requirements


@dataclass(frozen=True, kw_only=True)
class ShippedBuild:
    """A build that met its clock."""

    board: str
    network: str
    """Name of a shipped network."""
    shape: CoreShape
    clock: float
    """Requested MHz: the PLL's clock to within 1 kHz."""
    fmax: float
    """MHz that the placement reached."""
    seed: int
    luts: int
    """Look-up tables, or logic cells, as the device counts them."""
    block_ram: int
    commit: str
    """First eight digits of the commit whose core was built; a later core may differ."""
    tools: str
    netlist: int = 0
    """Number of images with equal results of the simulated synthesised netlist and the golden
    model."""
    bitstream: int = 0
    """Number of images with equal results of its simulated bitstream and the golden model."""

    @property
    def verified(self) -> str | None:
        """The last stage compared with the golden model, and images; None without a comparison."""
        stages = {"bitstream": self.bitstream, "synthesised netlist": self.netlist}
        return next((f"{stage}, {n} images" for stage, n in stages.items() if n), None)


@cache
def _shipped(name: str) -> Network:
    """Return a network of the package: one object, so that what is cached for it is found again."""
    return load_network(name)


@cache
def design_of(build: ShippedBuild, board: str | None = None) -> Design:
    """Return the design that was built, or the same design for another board."""
    target = BOARDS[board or build.board]
    required = Requirements(build.shape, round(build.clock * MHZ))
    return Design.of(_shipped(build.network), target, required)


SHIPPED_BUILDS = tuple(
    ShippedBuild(**fields | {"shape": CoreShape(**fields["shape"])})
    for fields in json.loads(Path(__file__).with_name("shipped_builds.json").read_text())
)
"""The builds of shipped_builds.json."""


@cache
def _digest_of(name: str) -> str:
    return _shipped(name).digest()


def builds_of(network: Network, board: Board) -> Iterator[tuple[ShippedBuild, Design]]:
    """Yield builds of exactly this network on this board, or on boards with the same die.

    The returned design is for this board. Only the die must be equal: another package has other
    pins, and its own speed grade.
    """
    digest = network.digest()
    same_network = [one for one in SHIPPED_BUILDS if _digest_of(one.network) == digest]
    same_board = [one for one in same_network if one.board == board.name]
    holds = board.device.holds
    for build in same_board or [
        one for one in same_network if BOARDS[one.board].device.holds == holds
    ]:
        yield build, design_of(build, board.name)


def build_of(design: Design) -> ShippedBuild | None:
    """Return the known build of this design on its board, or None."""
    for build, known in builds_of(design.network, design.board):
        if build.board == design.board.name and all(
            getattr(known, what) == getattr(design, what)
            for what in ("config", "hz", "bench_images", "line", "flashed")
        ):
            return build
    return None


def widest(family: Family) -> int:
    """Return the most bits of weights per cycle of a first layer placed on this family."""
    designs = [design_of(build) for build in SHIPPED_BUILDS]
    return max(bits_read(design) for design in designs if design.board.device.family is family)


def bits_read(design: Design) -> int:
    """Return the bits of weights that the first layer reads per cycle."""
    layer = design.config.layers[0]
    return layer.word_bits * layer.folding.rows
