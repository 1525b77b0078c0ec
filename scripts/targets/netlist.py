# SPDX-License-Identifier: BSD-2-Clause
"""A target that simulates the synthesised netlist of a board's build."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.build import Pins as PinNames

from firstspike.boards.building.bitstream import (
    BITSTREAM_BYTES,
    DESIGNED,
    NETLIST,
    NETLIST_BYTES,
    REPORT,
    WEIGHTS,
    build_folder,
    fingerprint,
    read_report,
    requirements_of,
)
from firstspike.boards.building.design import Design
from firstspike.boards.pins.board import Board
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network, Results
from firstspike.golden.foreign.json_text import JsonError
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.system.files import read_file
from firstspike.hdl.link.protocol.lines import Line
from firstspike.hdl.link.protocol.messages import Counts
from firstspike.sim.benches.netlist.netlist import Netlist, NetlistBoard, NetlistError, Pins

from .errors import FaultyTargetError, TargetError
from .linked import LinkedTarget, expected_of_played
from .target import Work


class Target(LinkedTarget):
    """The build of a network for a board.

    `build` is the folder of `firstspike build`, None for the default. Raises TargetError if the
    folder holds no build.
    """

    def __init__(
        self,
        net: str,
        network: Network,
        board: str,
        build: str | os.PathLike[str] | None,
    ) -> None:
        folder = build_folder(net, board) if build is None else Path(build)
        words = ["build", net, "--board", board]
        words += [] if folder == build_folder(net, board) else ["-o", str(folder)]
        anew = f"run `firstspike {shlex.join(words)}`"
        report = _built(network, board, folder, anew)
        self._flash = _flash(report, folder, anew)
        self._netlist = self._read(BOARDS[board], folder, anew)
        self._pins = pins_of(BOARDS[board], self._netlist, Line(report["link"]))
        self._design = Design.of(network, BOARDS[board], requirements_of(report))
        self.bench_images, self.hz = self._design.bench_images, self._design.hz
        super().__init__(net, network)
        self.config = self._design.config
        self.folding = self.config.folding

    def _read(self, board: Board, folder: Path, anew: str) -> Netlist:
        """Return the netlist to simulate. Raises TargetError, with `anew` as the remedy."""
        try:
            content = read_file(folder / f"{NETLIST}.json", NETLIST_BYTES)
        except FileNotFoundError:
            raise TargetError(f"there is no build in {folder}: {anew}.") from None
        return Netlist(content, board.device.family.name)

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Simulate the netlist through its pins."""
        progress = self.progress_of(Work.IMAGES, len(ticks))
        with convert_errors(FaultyTargetError, "", NetlistError):
            results = self._board().classify(ticks, progress)
            progress(len(ticks))
        return results

    def play(self, ticks: np.ndarray, rounds: int) -> tuple[Results, Counts]:
        """Store the images in the simulated netlist, and play them, through its pins."""
        expected = expected_of_played(self.network, self.config, ticks)
        with convert_errors(FaultyTargetError, "", NetlistError):
            counts = self._board().play(ticks, expected, rounds)
        return expected, counts

    def _board(self) -> NetlistBoard:
        """Return the board to simulate."""
        clocks = self._design.clocks_a_bit
        return NetlistBoard(
            self._netlist, self._pins, self.network, self.config, clocks, self._flash
        )


def _flash(report: dict[str, Any], folder: Path, anew: str) -> tuple[int, bytes]:
    """Return address and content of the flash besides the bitstream. Raises TargetError."""
    if "flash" not in report:
        return 0, b""
    path = folder / WEIGHTS
    if not path.is_file() or fingerprint(path)["sha256"] != report["flash"]["sha256"]:
        raise TargetError(f"{path} is not what {folder / REPORT} says was built: {anew}.")
    return report["flash"]["place"], read_file(path, BITSTREAM_BYTES)


def _built(network: Network, board: str, folder: Path, anew: str) -> dict[str, Any]:
    """Return the report of a build; `anew` is the command that builds it. Raises TargetError."""
    try:
        report = read_report(folder, DESIGNED)
    except (FileNotFoundError, NotADirectoryError):
        raise TargetError(f"there is no build in {folder}: {anew}.") from None
    except JsonError as error:
        raise TargetError(f"{folder} holds no build: {error}; {anew}.") from None
    if report["board"] != board or report["network"] != network.digest():
        raise TargetError(
            f"the build in {folder} is of another network or for another board: {anew}."
        )
    if {len(report[name]) for name in ("lanes", "window", "rows")} != {network.n_layers}:
        raise TargetError(f"the build in {folder} is of other layers: {anew}.")
    return report


_WIRES = {
    Line.UART: {"to_board": "uart_0__rx__io", "from_board": "uart_0__tx__io"},
    Line.SPI: {
        "sck": "spi_0__clk__io",
        "mosi": "spi_0__copi__io",
        "cs_n": "spi_0__cs__io",
        "miso": "spi_0__cipo__io",
    },
}
"""The pins of each line's wires."""

_FLASH_PINS = {"cs_n": "cs", "sck": "clk", "mosi": "copi", "miso": "cipo"}
"""Amaranth's names of the wires to the flash."""


def pins_of(board: Board, netlist: Netlist, line: Line) -> Pins:
    """Return the pins of a board's netlist with this line, by Amaranth's names.

    Raises NetlistError for a pin that the board lacks.
    """
    platform = board.platform()
    clock = f"{platform.default_clk}_0__io"
    rests = {}
    for pin in netlist.pins:
        if pin != clock and (named := re.fullmatch(r"(\w+)_(\d{1,4})__io", pin)):
            resource = platform.resources.get((named[1], int(named[2])))
            ios = () if resource is None else resource.ios
            names = next((one for one in ios if isinstance(one, PinNames)), None)
            if names is None:
                raise NetlistError(
                    f"the {board.title} has no {pin!r:.40}, as the {netlist.stage} does."
                )
            if names.dir == "i":  # a button, which is never pressed
                rests[pin] = int(names.invert)
    flash = {wire: f"spi_flash_1x_0__{name}__io" for wire, name in _FLASH_PINS.items()}
    reads = any(pin in netlist.pins for pin in flash.values())
    pins = Pins(clock, line, _WIRES[line], rests, flash if reads else {})
    for pin in (clock, *pins.wires.values(), *pins.flash.values()):
        if pin not in netlist.pins:
            raise NetlistError(f"the {netlist.stage} has no {pin}, as the {board.title} does.")
    return pins
