"""The netlist of a board's build, simulated, as what runs a network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import numpy as np
from amaranth.build import Pins as PinNames
from tqdm import tqdm

from firstspike.boards.building.bitstream import NETLIST, REPORT, build_folder
from firstspike.boards.building.design import Design
from firstspike.boards.pins.board import Board
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network, Results
from firstspike.golden.timing.folding import Folding
from firstspike.sim.benches.netlist.netlist import Netlist, NetlistError, Pins, simulate

from .targets import Chosen, linked


class BuildError(ValueError):
    """There is no build, or it is another one's; the message says what to do."""


def built(net: str, network: Network, board: str | None, folder: Path | None) -> Chosen:
    """The build of `network`, which the user calls `net`, for a board.

    `folder` is where `firstspike build` has put it, None for its own choice. Raises
    BuildError if there is none, and click.UsageError without a board.
    """
    if board is None:
        raise click.UsageError("--target netlist needs --board, the board it was built for.")
    anew = f"run `firstspike build {net} --board {board}"
    if folder is None:
        folder = build_folder(net, board)
    else:
        anew += f" -o {folder}"
    try:
        report = json.loads((folder / REPORT).read_text())
        content = (folder / f"{NETLIST}.json").read_text()
    except FileNotFoundError:
        raise BuildError(f"there is no build in {folder}: {anew}`.") from None
    if report["board"] != board or report["network"] != network.digest():
        raise BuildError(
            f"the build in {folder} is of another network or for another board: {anew}`."
        )
    target = NetlistTarget(network, BOARDS[board], report, content)
    return linked(target.run, target.config, target.folding)


class NetlistTarget:
    """A board's netlist, with the report of its build."""

    def __init__(
        self, network: Network, board: Board, report: dict[str, Any], content: str
    ) -> None:
        self._netlist = Netlist(content, board.device.family.name)
        self._pins = pins_of(board, self._netlist)
        self._design = Design.of(
            network,
            board,
            max(report["lanes"]),
            max(report["window"]),
            report["clock"],
            report["stored_bits"],
        )
        self.config = self._design.config
        self.folding = self._design.folding

    def run(
        self, network: Network, ticks: np.ndarray, folding: Folding, pixels: np.ndarray | None
    ) -> Results:
        """Classify images; the folding is the board's own, and pixels are not needed."""
        design = self._design
        try:
            with tqdm(total=len(ticks), unit="image") as bar:
                run = simulate(
                    self._netlist,
                    self._pins,
                    network,
                    design.config,
                    ticks,
                    design.hz,
                    lambda done: bar.update(done - bar.n),
                )
                bar.update(len(ticks) - bar.n)
        except NetlistError as error:  # a difference, so that the exit status is 1
            raise click.ClickException(str(error)) from None
        return run


def pins_of(board: Board, netlist: Netlist) -> Pins:
    """The pins of a board's netlist, by the names that Amaranth gives them."""
    platform = board.platform()
    clock = f"{platform.default_clk}_0__io"
    rests = {}
    for pin in netlist.pins:
        if pin != clock and (named := re.fullmatch(r"(\w+)_(\d+)__io", pin)):
            (names,) = (
                one
                for one in platform.lookup(named[1], int(named[2])).ios
                if isinstance(one, PinNames)
            )
            if names.dir == "i":  # a button; nobody presses it
                rests[pin] = int(names.invert)
    return Pins(clock, "uart_0__rx__io", "uart_0__tx__io", rests)
