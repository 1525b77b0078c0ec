# SPDX-License-Identifier: BSD-2-Clause
"""A target that simulates the routed design of a build for an ECP5, as nextpnr writes it."""

from pathlib import Path

from firstspike.boards.building.layout import ROUTED, design_netlist
from firstspike.boards.pins.board import Board
from firstspike.hdl.flow.devices import ECP5, ICE40
from firstspike.sim.benches.netlist.netlist import Netlist

from . import netlist
from .errors import TargetError


class Target(netlist.Target):
    """The routed design of a network's build for a board with an ECP5.

    `build` is the folder of `firstspike build`, None for the default. Raises TargetError if the
    folder holds no build, or that of another family.
    """

    def _read(self, board: Board, folder: Path, anew: str) -> Netlist:
        if board.device.family is not ECP5:
            other = "bitstream" if board.device.family is ICE40 else "netlist"
            raise TargetError(
                f"the {board.title} has no ECP5: only routed designs of an ECP5 can be simulated, "
                f"so take the target {other}."
            )
        path = folder / ROUTED
        if not path.is_file():
            raise TargetError(f"there is no {path}: {anew}.")
        return Netlist(design_netlist(path), board.device.family.name, "routed design")
