# SPDX-License-Identifier: BSD-2-Clause
"""Estimates the logic of a design, by a rule fitted to builds.

Nearly all growth is proportional to the bits of state in the lanes of a layer, S and M, which the
rule counts; core, link and each hidden layer add constants. For an ECP5 the result is look-up
tables, for an iCE40 logic cells: the numbers are equal, except that a register without a look-up
table in front takes a cell.

The facts of a family contain a rule that was found by hand; `rule` corrects it with all known
builds, and estimates its error.
"""

from collections.abc import Iterable
from dataclasses import astuple
from functools import cache

import numpy as np

from firstspike.boards.families.registry import facts_of
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.devices import Family

from .fitting import Fit, fitted
from .known_builds import KnownBuild, known_builds

_SHALLOW = 4  # words of state
_SPREAD = 0.3  # relative, of a coefficient
_NOISE = 0.05  # relative, of a build: the part that no rule explains


def features_of(config: CoreConfig, plays: bool = False) -> np.ndarray:
    """Return how many of each of a Rule's fields a design has: float64 [fields]."""
    first = config.layers[0].folding
    bits = dict.fromkeys(("registers", "shallow", "memory", "window"), 0)
    banked = windows = 0
    for layer in config.layers:
        folding = layer.folding
        of_layer = folding.lanes * sum(layer.state_bits)
        kind = "memory" if folding.state_words > _SHALLOW else "shallow"
        bits["registers" if folding.state_words == 1 else kind] += of_layer
        bits["window"] += of_layer if folding.window else 0
        windows += folding.window > 0
        banked += layer.word_bits * (folding.rows - 1)
    hidden = len(config.layers) - 1
    events = config.bitmap is None and first.state_words > _SHALLOW
    of_core = 1, config.bitmap is not None, events, hidden, hidden * config.deadline.bit_length()
    several = first.rows > 1, first.sends > 1, banked
    return np.array([*of_core, *bits.values(), windows, plays, *several], float)


def luts(config: CoreConfig, family: Family, plays: bool = False) -> int:
    """Return the look-up tables, or logic cells, without those that serve as memory.

    `plays`: whether the design stores images to play.
    """
    known = float(features_of(config, plays) @ rule(family).coefficients)
    scans = sum(layer.folding.convolves for layer in config.layers)
    return round(known) + facts_of(family).position_scan * scans


@cache
def rule(family: Family) -> Fit:
    """Return the rule corrected by all known builds; its error is relative."""
    return rule_of(family, known_builds())


def rule_of(family: Family, builds: Iterable[KnownBuild]) -> Fit:
    """Return the rule corrected by these builds."""
    builds = [build for build in builds if build.board.device.family is family]
    logic = np.array([build.logic for build in builds], float)
    known = np.array(astuple(facts_of(family).logic), float)
    X = np.array([features_of(build.config) for build in builds])
    X = X.reshape(len(builds), known.size) / logic[:, None]
    return fitted(X, np.ones(len(builds)), known, _SPREAD * known, _NOISE)
