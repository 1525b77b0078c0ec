# SPDX-License-Identifier: BSD-2-Clause
"""Builds that are known: what estimates of logic and clock are fitted to, and judged by.

`random_builds.json` has random designs, with all that an estimate looks at;
`python -m tests.support.random_builds` makes more of them. Builds of shipped networks are in
`placed`.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from firstspike.boards.pins.board import Board
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network
from firstspike.golden.timing.shape import CoreShape
from firstspike.golden.widths import StateWidths
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.folding import linked_folding

from .memories import memory_needs
from .shipped_builds import PLACED, design_of

BUILDS = Path(__file__).with_name("random_builds.json")

HELD_OUT = 4
"""The last of every so many builds judges the estimates as fitted to the others."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """A random design, what it took, and how fast it was."""

    number: int
    """From 0 on; the design is drawn with it as the seed."""
    board: str
    shape: tuple[int, ...]
    """From the inputs on, unconnected ones included."""
    connected: int
    """Inputs."""
    bits: int
    """Of every weight."""
    thresholds: tuple[int, ...]
    deadline: int
    encoding: str
    widths: tuple[tuple[int, int], ...]
    """Of S and M, a layer."""
    lanes: int
    rows: int
    window: int
    clock: int
    """Hz, asked for."""
    seed: int
    """Of the placement."""
    fmax: float
    """MHz."""
    luts: int
    """Or logic cells of an iCE40."""
    flip_flops: int
    block_ram: int
    spram: int
    tools: str

    @property
    def held_out(self) -> bool:
        """Whether it judges."""
        return self.number % HELD_OUT == HELD_OUT - 1

    def network(self) -> Network:
        """What it was built for, but for the weights, which are 0: their widths are known."""
        sizes = (self.connected, *self.shape[1:])
        return Network(
            weights=tuple(np.zeros(pair, np.int32) for pair in pairwise(sizes)),
            weight_bits=(self.bits,) * (len(sizes) - 1),
            thresholds=self.thresholds,
            unit=self.deadline // 6,
            deadline=self.deadline,
            n_inputs=self.shape[0],
            inputs=np.arange(self.connected),
            encoding=self.encoding,
        )

    def measured(self) -> "Measured":
        """The same as the estimates look at it."""
        network, board = self.network(), BOARDS[self.board]
        shape = CoreShape(self.lanes, self.window, rows=self.rows)
        folding = linked_folding(network, shape)
        config = CoreConfig.of(network.connected(), folding)
        layers = tuple(
            replace(layer, widths=StateWidths(*widths))
            for layer, widths in zip(config.layers, self.widths, strict=True)
        )
        config = replace(config, layers=layers)
        one = Measured.of(config, network, board, self.luts, self.fmax)
        return replace(one, held_out=self.held_out)


@dataclass(frozen=True)
class Measured:
    """Of a build, what estimates are about, and what they are made of."""

    config: CoreConfig
    board: Board
    luts: int
    """Or logic cells."""
    logic: int
    """Without those that serve as memory."""
    fmax: float
    """MHz."""
    held_out: bool = False

    @classmethod
    def of(
        cls, config: CoreConfig, network: Network, board: Board, luts: int, fmax: float
    ) -> "Measured":
        """Of the build of a network for a board."""
        logic = luts - memory_needs(config, network, board)["LUTs"]
        return cls(config, board, luts, logic, fmax)


@cache
def known_builds() -> tuple[Build, ...]:
    """Those of random_builds.json, by their numbers."""
    return tuple(Build(**_as_tuples(one)) for one in json.loads(BUILDS.read_text()))


@cache
def measured() -> tuple[Measured, ...]:
    """All that is known."""
    shipped = ((design_of(build), build.luts, build.fmax) for build in PLACED)
    return (
        *(build.measured() for build in known_builds()),
        *(Measured.of(d.config, d.network, d.board, luts, fmax) for d, luts, fmax in shipped),
    )


def text_of(builds: Iterable[Build]) -> str:
    """What random_builds.json says of builds, a line each."""
    lines = ",\n".join(json.dumps(asdict(build)) for build in builds)
    return f"[\n{lines}\n]\n"


def _as_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_tuples(one) for name, one in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value
