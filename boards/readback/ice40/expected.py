# SPDX-License-Identifier: BSD-2-Clause
"""The bits that the cells of a routed design require, except switches and look-up tables.

The source is `write_asc` in nextpnr's `ice40/bitstream.cc`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from firstspike.boards.readback.routed import RoutedCell, RoutedDesign

from .chipdb import BLOCK_RAM, DSP, LC, PIN, PLL, SPRAM, Bel, Chip
from .settings import PULL_UPS, fixed_indices, setting_indices, unused_pin

_PADS = {"SB_PLL40_PAD", "SB_PLL40_2_PAD", "SB_PLL40_2F_PAD"}
_DUAL = {"SB_PLL40_2_PAD", "SB_PLL40_2F_PAD", "SB_PLL40_2F_CORE"}
"""Types of PLLs whose clock comes from a pad, and those with two outputs."""


class PlacedCell(NamedTuple):
    """A cell of the design with its bel, and the index of the bel."""

    cell: RoutedCell
    number: int
    bel: Bel


class ExpectedBit(NamedTuple):
    """The value of a bit that an owner requires."""

    owner: str
    at: int
    value: int


def expected_bits(
    chip: Chip, design: RoutedDesign, cells: Sequence[PlacedCell]
) -> Iterator[ExpectedBit]:
    """Yield the bits that the cells of a design require, and those that every bitstream sets."""
    for owner, bel, values in (*_settings(chip, cells), *_pins(chip, design, cells)):
        at = setting_indices(chip, bel)
        for name, value in values.items():
            for number, one in enumerate(at.get(name, ())):
                yield ExpectedBit(owner, one, value >> number & 1)
    for fixed in fixed_indices(chip, design.cells):
        yield from (ExpectedBit("the chip", at, 1) for at in fixed)


_Values = tuple[str, Bel, Mapping[str, int]]


def _settings(chip: Chip, cells: Sequence[PlacedCell]) -> Iterator[_Values]:
    """Yield the settings of cells other than pins."""
    used = set()
    for cell, _, bel in cells:
        if cell.kind == LC:
            names = ["CARRY_ENABLE", "DFF_ENABLE", "SET_NORESET", "ASYNC_SR"]
            values = {name: cell.number(name) for name in names}
            if values["DFF_ENABLE"]:
                values["NEG_CLK"] = cell.number("NEG_CLK")
            if cell.number("CIN_CONST"):
                values["CIN_SET"] = cell.number("CIN_SET")
        elif cell.kind == BLOCK_RAM:
            names = ["WRITE_MODE", "READ_MODE", "NEG_CLK_R", "NEG_CLK_W"]
            values = {name: cell.number(name) for name in names}
            values["POWER_UP"] = int(chip.name != "1k")
            used.add(bel.name)
        elif cell.kind == SPRAM:
            values = {"SPRAM_EN": 1}
        elif cell.kind in (PLL, DSP):
            values = {name: cell.number(name) for name in setting_indices(chip, bel)}
        else:
            continue
        yield cell.name, bel, values
    if chip.name == "1k":  # in a 1k a one disables a block RAM
        for bel in chip.bels:
            if bel.kind == BLOCK_RAM and bel.name not in used:
                yield "an unused block RAM", bel, {"POWER_UP": 1}


def _pins(chip: Chip, design: RoutedDesign, cells: Sequence[PlacedCell]) -> Iterator[_Values]:
    """Yield the settings of all pins."""
    pin_at = {bel.wires["D_IN_0"]: bel.name for bel in chip.bels if bel.kind == PIN}
    outs: dict[str, int] = {}
    pads: set[str] = set()
    for cell, _, bel in cells:
        if cell.kind == PLL:
            kind = cell.attributes.get("TYPE")
            for port in ("A", "B") if kind in _DUAL else ("A",):
                name = pin_at[bel.wires[f"PLLOUT_{port}"]]
                outs[name] = 0b01 | cell.number(f"ENABLE_ICEGATE_PORT{port}") << 1
            if kind in _PADS:
                pads.add(pin_at[bel.wires["PLLOUT_A"]])
    for bel in chip.bels:
        if bel.kind == PIN:
            held = design.cells.get(bel.name)
            if held is not None:
                values = _pin(chip, design, held, outs.get(bel.name), bel.name in pads)
                yield held.name, bel, values
            elif bel.name in outs:
                yield "the PLL", bel, {"PIN_TYPE": outs[bel.name]}
            else:
                yield "an unused pin", bel, unused_pin(chip)


def _pin(
    chip: Chip, design: RoutedDesign, cell: RoutedCell, out: int | None, is_pad: bool
) -> dict[str, int]:
    """Return the settings of a pin with a cell.

    If the output of a PLL uses the pin, `out` are the two lowest bits of the pin's type.
    """
    kind = cell.number("PIN_TYPE")
    is_used = any(cell.outputs.get(port) in design.loaded for port in ("D_IN_0", "D_IN_1"))
    drives_global = bool(cell.attributes.get("GLOBAL"))  # an SB_GB_IO, before it was packed
    enabled = is_pad or drives_global or (is_used and out is None)
    pulled = bool(cell.number("PULLUP"))
    resistor = str(cell.attributes.get("PULLUP_RESISTOR", ""))
    strong = pulled and resistor in PULL_UPS
    values = {
        "PIN_TYPE": kind if out is None else kind & ~0b11 | out,
        "INPUT_ENABLE": int(enabled ^ (chip.name == "1k")),
        "NO_PULL_UP": int(not pulled),
        "NO_WEAK_PULL_UP": int(not pulled or strong),
        "RESISTORS": 1 << PULL_UPS.index(resistor) if strong else 0,
    }
    if {"INPUT_CLK", "OUTPUT_CLK"} & set(cell.inputs):
        values["NEG_TRIGGER"] = 0b11 * cell.number("NEG_TRIGGER")  # it has two bits
    return values
