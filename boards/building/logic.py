# SPDX-License-Identifier: BSD-2-Clause
"""How much logic a design takes, by a rule fitted to builds.

Nearly all that grows goes with the bits of state in the lanes of a layer, S and M, which the rule
counts; the rest is so much for core and link, and so much for every hidden layer. On an ECP5 it
gives look-up tables, on an iCE40 logic cells: there are as many of both, but a register that is not
behind a look-up table of its own takes a cell.

`RULES` is what was found by hand, of the shipped networks and of small ones that were synthesised;
`rule` corrects it by all builds that are known, and says how far off it is.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import cache

import numpy as np

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.devices import ECP5, GOWIN, ICE40, Family

from .fitting import Fit, fitted
from .known_builds import KnownBuild, known_builds

_SHALLOW = 4  # groups
_SPREAD = 0.3  # of a coefficient, as a share of it
_NOISE = 0.05  # of a build, likewise: what no rule knows of it


@dataclass(frozen=True)
class Rule:
    """Logic that each of the features (`features_of`) takes in a family."""

    design: float
    """One of no lanes, no hidden layer and no bitmaps."""
    bitmap: float
    """One that takes bitmaps."""
    events: float
    """One that does not, and lists its events for more than 4 groups of the first layer."""
    hidden: float
    """A hidden layer, of no lanes, for each bit of a tick."""
    registers: float
    """A bit of S or M in a layer of one group."""
    shallow: float
    """Likewise in a layer of 2 to 4, which an iCE40 keeps in flip-flops, group by group."""
    memory: float
    """Likewise in a layer of more, whose state is in memory."""
    window: float
    """More for it, where time advances by windows."""
    windows: float
    """A layer of these, of no lanes."""
    player: float
    """A design that holds images to play."""
    banks: float
    """A first layer that adds several rows per cycle."""
    sends: float
    """A first layer that sends several spikes per cycle."""
    bank_bit: float
    """A bit of a word of weights, for each further row."""


RULES: dict[Family, Rule] = {
    ICE40: Rule(1650, 500, 250, 117, 2.3, 8.0, 3.8, 3.5, 900, 360, 550, 600, 3.2),
    ECP5: Rule(1380, 250, 50, 72, 1.95, 3.9, 3.5, 3.7, 220, 360, 550, 600, 3.2),
    GOWIN: Rule(1380, 250, 50, 72, 1.95, 3.9, 3.5, 3.7, 220, 360, 550, 600, 3.2),
}


def features_of(config: CoreConfig, plays: bool = False) -> np.ndarray:
    """How many of each of a rule's fields a design has: float64 [fields]."""
    first = config.layers[0].folding
    bits = dict.fromkeys(("registers", "shallow", "memory", "window"), 0)
    banked = windows = 0
    for layer in config.layers:
        folding = layer.folding
        of_layer = folding.lanes * sum(layer.state_bits)
        kind = "memory" if folding.groups > _SHALLOW else "shallow"
        bits["registers" if folding.groups == 1 else kind] += of_layer
        bits["window"] += of_layer if folding.window else 0
        windows += folding.window > 0
        banked += layer.word_bits * (folding.rows - 1)
    hidden = (len(config.layers) - 1) * config.deadline.bit_length()
    events = config.bitmap is None and first.groups > _SHALLOW
    whole = 1, config.bitmap is not None, events, hidden
    several = first.rows > 1, first.sends > 1, banked
    return np.array([*whole, *bits.values(), windows, plays, *several], float)


def luts(config: CoreConfig, family: Family, plays: bool = False) -> int:
    """Look-up tables, or logic cells, without those that serve as memory.

    `plays`: the design holds images to play.
    """
    return round(float(features_of(config, plays) @ rule(family).coefficients))


@cache
def rule(family: Family) -> Fit:
    """The rule as all known builds correct it; its error is relative."""
    return rule_of(family, known_builds())


def rule_of(family: Family, builds: Iterable[KnownBuild]) -> Fit:
    """The rule as these builds correct it."""
    builds = [build for build in builds if build.board.device.family is family]
    logic = np.array([build.logic for build in builds], float)
    known = np.array(astuple(RULES[family]), float)
    X = np.array([features_of(build.config) for build in builds])
    X = X.reshape(len(builds), known.size) / logic[:, None]
    return fitted(X, np.ones(len(builds)), known, _SPREAD * known, _NOISE)
