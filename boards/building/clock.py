# SPDX-License-Identifier: BSD-2-Clause
"""Estimates the clock frequency that a design reaches, by a rule fitted to builds.

The logarithm of the MHz is a sum over a few features. No feature dominates: the longest paths
consist of wires, and vary by some per cent from seed to seed. Each feature therefore has little
weight until builds give it more.
"""

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from math import exp, log2

import numpy as np

from firstspike.boards.families.pll import MHZ
from firstspike.boards.families.registry import facts_of
from firstspike.boards.pins.board import Board
from firstspike.hdl.clock import ClockError
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.devices import ECP5_5G_85F, HX8K, Family

from .design import Design
from .fitting import Fit, fitted
from .known_builds import KnownBuild, known_builds

FAST = "8"
"""The highest speed grade of an ECP5; boards of other families have the lowest.

The ECP5-5G and the HX8K count as a grade more than the other devices of their families.
"""

_SPREADS = (0.3, *[0.05] * 4, 0.1, 0.05, 0.1)
_NOISE = 0.08


def features_of(config: CoreConfig, board: Board, luts: float) -> np.ndarray:
    """Return features float64 [8] of a design with `luts` look-up tables, typically zeros."""
    first = config.layers[0].folding
    widest = max(max(layer.state_bits) for layer in config.layers)
    return np.array(
        [
            1,
            luts / board.device.holds["LUTs"] - 0.5,
            log2(first.lanes * first.rows / 32),
            log2(widest / 20),
            float(first.rows > 1),
            float(config.bitmap is None),
            float(any(layer.folding.window for layer in config.layers)),
            (board.speed == FAST) + (board.device in (ECP5_5G_85F, HX8K)),
        ]
    )


def megahertz(design: Design, luts: float) -> float:
    """Return the MHz that a placement reaches if the design has `luts` look-up tables."""
    board = design.board
    return exp(features_of(design.config, board, luts) @ rule(board.device.family).coefficients)


def clocked(design: Design, most: float) -> Design:
    """Return the design at the fastest clock up to `most` MHz that the PLL and the line support.

    Raises ClockError if there is no such clock.
    """
    baud = design.board.baud
    for hz in range(int(most * MHZ) // baud * baud, 0, -baud):
        with suppress(ClockError):
            return design.at(hz)
    return design.at(baud)


@cache
def rule(family: Family) -> Fit:
    """Return the rule fitted to all known builds; its error is relative."""
    return rule_of(family, known_builds())


def rule_of(family: Family, builds: Iterable[KnownBuild]) -> Fit:
    """Return the rule fitted to only these builds."""
    builds = [build for build in builds if build.board.device.family is family]
    X = [features_of(build.config, build.board, build.luts) for build in builds]
    y = np.log([build.fmax for build in builds])
    return fitted(np.array(X), y, facts_of(family).clock, _SPREADS, _NOISE)
