# SPDX-License-Identifier: BSD-2-Clause
"""Finds the cells that a bitstream uses, with their settings, and the wires that they drive."""

from collections.abc import Mapping

import numpy as np

from .chipdb import BLOCK_RAM, BUFFER, DSP, LC, PIN, PLL, SPRAM, Bel
from .reader import Bits
from .settings import read_value, setting_indices
from .wiring import Wiring, wiring_of


class UsedCells:
    """The cells of a bitstream.

    Attributes
    ----------
    wiring : the state of the switches.
    cells : each cell in use, with its settings by their names.
    driven : bool [n_wires], the wires that a cell drives.
    """

    def __init__(self, bits: Bits) -> None:
        self._chip, self._flat = bits.chip, bits.tiles.tobytes()
        self.wiring: Wiring = wiring_of(bits)
        settings = ((bel, self._settings(bel)) for bel in self._chip.bels)
        self.cells = [(bel, held) for bel, held in settings if self._is_used(bel, held)]
        self.driven = np.zeros(self._chip.n_wires, bool)
        for bel, held in self.cells:
            ports = set(bel.outputs)
            if bel.kind == LC and not held["CARRY_ENABLE"]:
                ports.discard("COUT")
            self.driven[[bel.wires[port] for port in ports]] = True

    def _settings(self, bel: Bel) -> dict[str, int]:
        indices = setting_indices(self._chip, bel)
        return {name: read_value(self._flat, at) for name, at in indices.items()}

    def _is_used(self, bel: Bel, held: Mapping[str, int]) -> bool:
        if bel.kind == LC:
            return any(value for name, value in held.items() if name not in ("NEG_CLK", "CIN_SET"))
        if bel.kind == BLOCK_RAM:
            return held["POWER_UP"] == int(self._chip.name != "1k")
        if bel.kind == PLL:
            return held["PLLTYPE"] > 0
        if bel.kind == PIN:
            return held["PIN_TYPE"] > 0
        if bel.kind == SPRAM:
            return held["SPRAM_EN"] > 0
        if bel.kind == BUFFER:
            return bool(self.wiring.loads[bel.wires["GLOBAL_BUFFER_OUTPUT"]])
        if bel.kind == DSP:
            return any(self.wiring.loads[bel.wires[port]] for port in bel.outputs)
        return False
