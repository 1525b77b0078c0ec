# SPDX-License-Identifier: BSD-2-Clause
"""Maps the pins of cells to wires, by the locations of the cells.

The sources are `Bels.cpp` of Project Trellis for the names of wires, and nextpnr for those of
locations, such as `X45/Y39/SLICED.K1`.
"""

import re
from typing import NamedTuple

from firstspike.boards.readback.routed import RoutedCell, RoutedError

COMB, FF, RAMW, IO = "TRELLIS_COMB", "TRELLIS_FF", "TRELLIS_RAMW", "TRELLIS_IO"
BUFFER, BLOCK_RAM, PLL = "DCCA", "DP16KD", "EHXPLLL"
KINDS = {COMB, FF, RAMW, IO, BUFFER, BLOCK_RAM, PLL}
"""The kinds of cells that checks and models cover."""

LUT_PINS = ("A", "B", "C", "D")

_IO_PINS = {"I": "PADDO{}_PIO", "T": "PADDT{}_PIO", "O": "JPADDI{}_PIO"}


class Location(NamedTuple):
    """The location of a cell: its tile, its name in the tile, and the number in the name.

    In a slice the number counts the eight look-up tables or registers of the tile.
    """

    x: int
    y: int
    name: str
    number: int


def place_of(cell: RoutedCell) -> Location:
    """Return the location of a cell. Raises RoutedError for a location in another form."""
    named = re.fullmatch(r"X(\d{1,3})/Y(\d{1,3})/(\w+?(?:\.\w+?)?)(\d*)", cell.bel)
    if named is None:
        raise RoutedError(f"{cell.name} is at {cell.bel!r:.40}, which is no place.")
    number = int(named[4] or 0)
    if named[3].startswith("SLICE"):
        number += 2 * "ABCD".index(named[3][5])
    return Location(int(named[1]), int(named[2]), named[3], number)


def wire_name(cell: RoutedCell, location: Location, port: str) -> str:
    """Return the name of the wire of a cell's port, relative to its tile."""
    number = location.number
    if cell.kind in (COMB, FF):
        return _slice_wire(number, port)
    if cell.kind == RAMW:
        if port.startswith("W"):
            return f"{port}C_SLICE"
        return f"{port[0]}{4 + int(port[1])}_SLICE"
    if cell.kind == IO:
        return _IO_PINS[port].format(location.name[-1])
    if cell.kind == BUFFER:
        return f"G_{'J' if port == 'CE' else ''}{port}_{location.name}{number}"
    if cell.kind == BLOCK_RAM:
        return f"J{port}_EBR"
    return f"{'' if port in ('CLKI', 'CLKFB', 'CLKINTFB') else 'J'}{port}_PLL"


def _slice_wire(number: int, port: str) -> str:
    half, letter = number % 2, "ABCD"[number // 2]
    if port in ("CLK", "LSR", "CE", "WRE", "WCK"):
        return f"{port}{number // 2}_SLICE"
    if port.startswith("WAD") or port in ("FXA", "FXB"):
        return f"{port}{letter}_SLICE"
    if port == "WD":
        return f"WD{half}{letter}_SLICE"
    if port == "F1":
        return f"F{number + 1}_SLICE"
    if port == "OFX":
        return f"F{'X' if half else '5'}{letter}_SLICE"
    if port in ("FCI", "FCO") and half == (port == "FCI"):
        return f"FCI{letter}1_SLICE"  # between the halves of a slice
    if (port, number) in (("FCI", 0), ("FCO", 7)):
        return f"{port}_SLICE"
    if port in ("FCI", "FCO"):
        return f"{port}{letter}_SLICE"
    return f"{port}{number}_SLICE"
