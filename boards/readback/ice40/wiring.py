# SPDX-License-Identifier: BSD-2-Clause
"""The nets of a bitstream: the wires that its switches connect."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .chipdb import MAX_TILE, Chip
from .reader import Bits


@dataclass(frozen=True, eq=False)
class Wiring:
    """The state of the switches of a bitstream."""

    chip: Chip
    pips: np.ndarray
    """Indices of the pips that are on."""
    unknown: np.ndarray
    """Indices of the switches whose bits have no meaning."""

    @cached_property
    def src(self) -> np.ndarray:
        """The source wire of each pip that is on."""
        return self.chip.pips["src"][self.pips]

    @cached_property
    def dst(self) -> np.ndarray:
        """The wire that each active pip drives."""
        return self.chip.pips["dst"][self.pips]

    @cached_property
    def net(self) -> np.ndarray:
        """The number of each wire's net."""
        size = self.chip.n_wires
        joined = coo_array((np.ones(len(self.pips), np.uint8), (self.src, self.dst)), (size, size))
        return connected_components(joined, directed=False)[1]

    @cached_property
    def drivers(self) -> np.ndarray:
        """The number of pips that drive each wire."""
        return np.bincount(self.dst, minlength=self.chip.n_wires)

    @cached_property
    def loads(self) -> np.ndarray:
        """The number of pips that read each wire."""
        return np.bincount(self.src, minlength=self.chip.n_wires)


@cache
def switch_indices(chip: Chip) -> tuple[np.ndarray, np.ndarray]:
    """Return the bit indices of each switch [n, 5], highest bit first, and a mask of real bits."""
    switches = chip.switches
    tile = switches["y"].astype(int) * chip.tiles.shape[1] + switches["x"]
    bits = switches["bits"].astype(int)
    at = (tile[:, None] * MAX_TILE[0] + bits[:, :, 0]) * MAX_TILE[1] + bits[:, :, 1]
    real = switches["bel"] < 0  # the others are part of a look-up table
    return at, (np.arange(bits.shape[1]) < switches["num_bits"][:, None]) & real[:, None]


def wiring_of(bits: Bits) -> Wiring:
    """Return the switches that are on."""
    chip = bits.chip
    at, has = switch_indices(chip)
    number = chip.switches["num_bits"].astype(int)[:, None] - 1 - np.arange(at.shape[1])
    values = (bits.tiles.reshape(-1)[at].astype(int) << np.maximum(number, 0)) * has
    value = values.sum(axis=1)
    switch = chip.pips["switch"]
    on = np.flatnonzero((value[switch] == chip.pips["mask"]) & has[switch, 0])
    known = np.zeros(len(value), bool)
    known[switch[on]] = True
    return Wiring(chip, on, np.flatnonzero((value != 0) & ~known))
