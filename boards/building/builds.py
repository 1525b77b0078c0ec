# SPDX-License-Identifier: BSD-2-Clause
"""Builds of random designs: what estimates of logic and clock are fitted to, and judged by.

They are kept in builds.json, in the order of their numbers, with all that an estimate looks at.
`python -m tests.support.placing` makes more of them.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network
from firstspike.golden.files import replace_file
from firstspike.golden.widths import StateWidths

from .design import Design

BUILDS = Path(__file__).with_name("builds.json")

HELD_OUT = 4
"""Every so many builds, the last of them, one judges the estimates and is not fitted to."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """A design, what it took, and how fast it was."""

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
        """Whether no estimate is to be fitted to it."""
        return self.number % HELD_OUT == HELD_OUT - 1

    def design(self) -> Design:
        """What was built, but for the weights, which are 0: only their widths are known."""
        sizes = (self.connected, *self.shape[1:])
        network = Network(
            weights=tuple(np.zeros(pair, np.int32) for pair in zip(sizes, sizes[1:], strict=False)),
            weight_bits=(self.bits,) * (len(sizes) - 1),
            thresholds=self.thresholds,
            unit=self.deadline // 6,
            deadline=self.deadline,
            n_inputs=self.shape[0],
            inputs=np.arange(self.connected),
            encoding=self.encoding,
        )
        design = Design.of(
            network, BOARDS[self.board], self.lanes, self.window, self.clock, rows=self.rows
        )
        layers = tuple(
            replace(layer, widths=StateWidths(*widths))
            for layer, widths in zip(design.config.layers, self.widths, strict=True)
        )
        return replace(design, config=replace(design.config, layers=layers))


@cache
def known_builds() -> tuple[Build, ...]:
    """Those of builds.json."""
    return tuple(Build(**_as_tuples(one)) for one in json.loads(BUILDS.read_text()))


def keep(builds: Iterable[Build]) -> None:
    """Replace builds.json, a line a build."""
    lines = ",\n".join(json.dumps(asdict(build)) for build in builds)
    replace_file(BUILDS, f"[\n{lines}\n]\n".encode())


def _as_tuples(value):
    if isinstance(value, dict):
        return {name: _as_tuples(one) for name, one in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value
