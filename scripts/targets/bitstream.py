# SPDX-License-Identifier: BSD-2-Clause
"""A target that simulates the bitstream of a build for an iCE40, converted to a netlist."""

from pathlib import Path

from firstspike.boards.building.bitstream import BUILT, REPORT, fingerprint, read_report
from firstspike.boards.building.layout import bitstream_netlist
from firstspike.boards.pins.board import Board
from firstspike.golden.foreign.json_text import JsonError
from firstspike.hdl.flow.devices import ICE40
from firstspike.sim.benches.netlist.netlist import Netlist

from . import netlist
from .errors import TargetError


class Target(netlist.Target):
    """The bitstream of a network's build for a board with an iCE40.

    `build` is the folder of `firstspike build`, None for the default; only the report, the
    bitstream and the weights for a flash are read. Raises TargetError if the folder holds no build,
    or that of another family.
    """

    def _read(self, board: Board, folder: Path, anew: str) -> Netlist:
        if board.device.family is not ICE40:
            raise TargetError(
                f"the {board.title} has no iCE40: only bitstreams of an iCE40 can be simulated, so "
                "take the target netlist."
            )
        try:
            report = read_report(folder, BUILT)
        except JsonError as error:
            raise TargetError(f"{folder} has no bitstream: {error}; {anew}.") from None
        built, layout = report["bitstream"], report.get("layout") or {}
        path = folder / Path(built["file"]).name
        if not path.is_file() or fingerprint(path) != built:
            raise TargetError(f"{path} is not what {folder / REPORT} says was built: {anew}.")
        if "names" not in layout:
            raise TargetError(
                f"{folder / REPORT} does not name what a simulation of the bitstream needs: {anew}."
            )
        content = bitstream_netlist(path, board, layout["names"])
        return Netlist(content, board.device.family.name, "bitstream")
