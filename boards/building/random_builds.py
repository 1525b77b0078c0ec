# SPDX-License-Identifier: BSD-2-Clause
"""Builds of random designs; random_builds.json holds them with all features for estimates.

`python -m docs.measurements.random_builds` adds more.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network
from firstspike.golden.timing.shape import CoreShape, Lanes
from firstspike.golden.widths import StateWidths
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.identity import linked_config

BUILDS = Path(__file__).with_name("random_builds.json")

HELD_OUT = 4
"""Period of the held-out builds: every fourth one assesses estimates fitted to the others."""


@dataclass(frozen=True, kw_only=True)
class RandomBuild:
    """A random design, its logic, and its clock."""

    number: int
    """Number, from 0 on; also the seed with which the design is drawn."""
    board: str
    shape: tuple[int, ...]
    """Sizes from the inputs, unconnected ones included, to the outputs."""
    connected: int
    """Number of connected inputs."""
    bits: int
    """Bits of every weight."""
    thresholds: tuple[int, ...]
    deadline: int
    encoding: str
    widths: tuple[tuple[int, int], ...]
    """Widths of S and M in each layer."""
    lanes: Lanes
    rows: int
    window: int
    clock: int
    """Requested Hz."""
    seed: int
    """Seed of the placement."""
    fmax: float
    """MHz."""
    luts: int
    """Look-up tables, or logic cells of an iCE40."""
    flip_flops: int
    block_ram: int
    spram: int
    tools: str

    @property
    def held_out(self) -> bool:
        """Whether the build is held out to assess the estimates."""
        return self.number % HELD_OUT == HELD_OUT - 1

    def network(self) -> Network:
        """The network that was built, with weights of 0: only their widths are known."""
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

    def config(self) -> CoreConfig:
        """The core, with the widths that the original weights required."""
        network = self.network()
        one_tick = BOARDS[self.board].loaded
        shape = CoreShape(self.lanes, self.window, rows=self.rows, one_tick=one_tick)
        config = linked_config(network, shape)
        layers = tuple(
            replace(layer, widths=StateWidths(*widths))
            for layer, widths in zip(config.layers, self.widths, strict=True)
        )
        return replace(config, layers=layers)


@cache
def random_builds() -> tuple[RandomBuild, ...]:
    """Return the builds of random_builds.json, sorted by number."""
    return tuple(RandomBuild(**_as_tuples(one)) for one in json.loads(BUILDS.read_text()))


def _as_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_tuples(one) for name, one in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value
