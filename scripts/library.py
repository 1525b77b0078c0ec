# SPDX-License-Identifier: BSD-2-Clause
"""Functions of the package `firstspike` that generate hardware; a call imports Amaranth."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from inspect import signature
from math import inf
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstspike.golden.shipped import NetworkSource, load_network
from firstspike.golden.system.errors import check_names, quoted, remedy
from firstspike.golden.system.extras import needed
from firstspike.golden.timing.shape import CoreShape

if TYPE_CHECKING:
    from firstspike.hdl.flow.verilog import Generated


@needed()
def verilog(
    network: NetworkSource,
    *,
    name: str = "firstspike_core",
    embedded: bool = True,
    stored_bits: int | None = None,
    **shape: Any,
) -> "Generated":
    """Generate the core of a network as Verilog.

    Parameters
    ----------
    network : Network, path, str, or fitted classifier or trainer
        The network, its file, or the name of one in the package.
    name : str
        Name of the module; the names of its submodules start with it.
    embedded : bool
        Put the weights into the core; otherwise a host writes them over the weight port.
    stored_bits : int or None
        Bits of a stored weight of a core that learns, None for a core that does not.
    shape
        Fields of `firstspike.golden.CoreShape`, such as lanes=16.

    Returns
    -------
    Generated
        The texts `verilog`, `template` and `weights`, and the `interface` for programs.

    Raises
    ------
    NetworkError
        For a network or a shape that hardware does not support.
    ParameterNameError
        For an unknown option; a TypeError.
    IdentifierError
        For a name that Verilog does not allow.
    MissingPackageError
        Without the extra `hdl`.
    """
    from firstspike.golden.timing.folding import Folding
    from firstspike.hdl.flow.verilog import generate

    network = load_network(network)
    folding = Folding.of(network, _core_shape(shape, verilog))
    return generate(network, folding, embedded, stored_bits, name)


@needed()
def build(
    network: NetworkSource,
    board: str,
    folder: str | os.PathLike[str],
    *,
    clock: float | None = None,
    seeds: Sequence[int] | None = None,
    **shape: Any,
) -> dict[str, Any]:
    """Build the bitstream of a network with its link, for a board.

    Parameters
    ----------
    network : Network, path, str, or fitted classifier or trainer
        The network, its file, or the name of one in the package.
    board : str
        Name of the board, as `firstspike boards` prints it.
    folder : path
        Folder for the bitstream, the netlist and the report; an earlier build is replaced.
    clock : float or None
        Clock in MHz; None for the clock that `firstspike boards` prints.
    seeds : sequence of int or None
        Seeds of the placement, tried in turn; None for the default seeds.
    shape
        Fields of `firstspike.golden.CoreShape`; without lanes the largest core that fits is built.

    Returns
    -------
    dict
        The report, as in report.json. If `met` is false, no seed met the clock, and the folder has
        no bitstream.

    Raises
    ------
    ValueError
        For an unknown board, and NetworkError for a network that does not fit.
    ParameterNameError
        For an unknown option; a TypeError.
    ToolError
        If a tool fails.
    MissingPackageError
        Without the extra `fpga`.
    """
    from firstspike.boards.building.bitstream import Flow, tools_for
    from firstspike.boards.building.design import Requirements
    from firstspike.boards.building.plan import chosen_design
    from firstspike.boards.building.seeds import SEEDS
    from firstspike.boards.families.pll import MHZ
    from firstspike.boards.pins.registry import BOARDS

    from .building import Building
    from .targets.errors import TargetError

    required = Requirements(_core_shape(shape, build))
    if board not in list(BOARDS):
        raise TargetError(f"there is no board {quoted(board)}: {remedy(board, BOARDS)}")
    if clock is not None:
        if not isinstance(clock, Real) or not 0 < clock < inf:
            raise TargetError(f"clock is {quoted(clock)}: give MHz, a positive number, or None.")
        required = replace(required, hz=round(clock * MHZ))
    design = chosen_design(load_network(network), BOARDS[board], required)
    flow = Flow(tools_for(design.board), SEEDS if seeds is None else tuple(seeds))
    return Building(Path(folder), "firstspike.build", flow).at_its_clock(design).report


def _core_shape(options: dict[str, Any], function: Callable[..., Any]) -> CoreShape:
    """Return the shape from further options of `function`. Raises `ParameterNameError`."""
    shapes, own = [signature(one).parameters for one in (CoreShape, function)]
    check_names(options, [*shapes, *list(own)[1:-1]], f"option of {function.__name__}")
    return CoreShape(**options)
