# SPDX-License-Identifier: BSD-2-Clause
"""The settings that the cells of a routed design require, tile by tile.

The sources are nextpnr's `ecp5/bitstream.cc` and `ecp5/baseconfigs.cc`. The settings have the names
of Project Trellis' tables.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from firstspike.boards.readback.routed import RoutedCell, RoutedDesign, RoutedError

from .database import Device, Tile, banks_of
from .pins import BLOCK_RAM, BUFFER, COMB, FF, IO, LUT_PINS, PLL, RAMW, Location
from .wiring import fixed_arcs, wires_of

Value = str | Sequence[bool]


class PlacedCell(NamedTuple):
    """A cell of the design with its location."""

    cell: RoutedCell
    location: Location


class Setting(NamedTuple):
    """The value of a setting of a tile; of a group of tiles, only some may have the setting."""

    owner: str
    tile: Tile
    name: str
    value: Value
    in_group: bool = False


UNUSED = "what no cell uses"
"""Owner of the settings that every design has."""

_TIED = {
    "CIB_PLL1": "A3 B3",
    "CIB_PLL3": "A3 B3",
    "CIB_EFB0": "B3 C6 D6",
    "CIB_EFB1": "A3 A4 A5 A6 B3 B4 B5 B6 C3 C4 C5 D3 D4 D5",
    **dict.fromkeys(
        ("CIB_DCU0", "CIB_DCUA", "CIB_DCUB", "CIB_DCUC", "CIB_DCUF"),
        "A1 A3 A5 A7 B1 B3 B5 B7 C0 C2 C4 C6 D0 D2 D4 D6",
    ),
    "CIB_DCUD": "A1 A5 A7 B1 B3 B5 B7 C0 C2 C4 C6 D0 D2 D4 D6",
    "CIB_DCU3": "A5 A7 B1 B3 B5 B7 C0 C4 C6 D0 D2 D4 D6",
    **dict.fromkeys(("CIB_DCU2", "CIB_DCUG", "CIB_DCUH", "CIB_DCUI"), "B1 B3 B5 B7 D0 D2 D4 D6"),
    "CIB_DCU1": "B1 B3 B5 D0 D2",
}
"""Inputs of hard blocks that nextpnr ties to 0 if no design uses the block, by type of tile."""

_SET = {
    "EFB0_PICB0": ((54, 1), (56, 1), (82, 1), (94, 1)),
    "PVT_COUNT2": ((2, 0), (3, 0), (5, 0), (11, 0), (13, 0)),
}
"""Bits (frame, bit) without a name that every bitstream sets, by type of tile."""

_MARKED_85K = range(96, 123)
"""Columns of an 85F whose bottom pins have one more such bit."""

_SYSTEM = {
    "SLAVE_SPI_PORT": ("EFB0_PICB0", "EFB2_PICB0"),
    "DONE_EX": ("EFB0_PICB0", "EFB2_PICB0"),
    "SLAVE_PARALLEL_PORT": ("EFB0_PICB0",),
    "BACKGROUND_RECONFIG": ("EFB0_PICB0",),
    "WAKE_UP": ("EFB0_PICB0",),
    "MASTER_SPI_PORT": ("EFB1_PICB1",),
    "TRANSFR": ("EFB0_PICB0", "EFB1_PICB1"),
}
"""Types of tiles with a setting of the whole device."""

_RAM_TILES = (
    ((0, r"MIB_EBR0|EBR_CMUX_.R(_25K)?"), (1, r"MIB_EBR1")),
    ((0, r"MIB_EBR2"), (1, r"MIB_EBR3"), (2, r"MIB_EBR4")),
    ((0, r"MIB_EBR4"), (1, r"MIB_EBR5"), (2, r"MIB_EBR6")),
    ((0, r"MIB_EBR6"), (1, r"MIB_EBR7"), (2, r"MIB_EBR8|EBR_SPINE_.*|EBR_CMUX_.L(_25K)?")),
)
"""Tiles of each of four block RAMs, by their column offset from its location."""

_PLL_TILES = {
    "UL": ((-1, 0, "PLL0_UL"), (-1, 1, "PLL1_UL")),
    "LL": ((0, 1, "PLL0_LL"), (1, 1, "BANKREF8")),
    "LR": ((0, 1, "PLL0_LR"), (-1, 1, "PLL1_LR|BANKREF4")),
    "UR": ((1, 0, "PLL0_UR"), (1, 1, "PLL1_UR")),
}
"""Tiles (dx, dy, type) of each PLL."""

_BUFFER_TILES = {
    "B": ((0, 0, "BMID_0[HV]"), (1, 0, "BMID_2V?")),
    "T": ((0, 0, "TMID_0"), (1, 0, "TMID_1")),
    "L": ((0, 0, "LMID_0"),),
    "R": ((0, 0, "RMID_0"),),
}
"""Tiles of the buffers that gate a clock, by the side of the device."""

_BOTTOM = (r"(EFB[02]_|S)?PICB0", r"(EFB[13]_)?PICB1")
_VOLTAGES = {"33": "3V3", "25": "2V5", "18": "1V8", "15": "1V5", "12": "1V2"}
"""Supply voltage of a bank by the suffix of a pin type."""


class Settings:
    """The settings of a design's cells.

    `driven` returns whether a switch or a fixed connection drives a wire of the tile at (x, y).
    """

    def __init__(self, device: Device, design: RoutedDesign, driven: Mapping[int, int]) -> None:
        self._device, self._design, self._driven = device, design, driven
        self._wires = wires_of(device)
        self._at: dict[tuple[int, int], list[Tile]] = {}
        for tile in device.tiles:
            self._at.setdefault((tile.x, tile.y), []).append(tile)

    def all(self, cells: Sequence[PlacedCell]) -> Iterator[Setting]:
        """Yield all settings; a later one overrides an earlier one of the same name."""
        yield from self._unused()
        yield from self._system()
        yield from self._banks(cells)
        for cell, location in cells:
            if cell.kind == COMB:
                yield from self._table(cell, location)
            elif cell.kind == FF:
                yield from self._register(cell, location)
            elif cell.kind == RAMW:
                yield Setting(cell.name, self._slice_tile(location), "SLICEC.MODE", "RAMW")
                for half in range(2):
                    name = f"SLICEC.K{half}.INIT"
                    yield Setting(cell.name, self._slice_tile(location), name, [False] * 16)
            elif cell.kind == IO:
                yield from self._pin(cell, location)
            elif cell.kind == BUFFER and "CE" in cell.inputs:
                name = f"DCC_{location.name[0]}{location.name[4:]}{location.number}.MODE"
                for dx, dy, kind in _BUFFER_TILES[location.name[0]]:
                    tile = self._tile(location.x + dx, location.y + dy, kind)
                    yield Setting(cell.name, tile, name, "DCCA", True)
            elif cell.kind == BLOCK_RAM:
                yield from self._block_ram(cell, location)
            elif cell.kind == PLL:
                yield from self._pll(cell, location)

    def _tile(self, x: int, y: int, kind: str) -> Tile:
        """Return the tile at this position whose type matches."""
        for one in self._at.get((x, y), ()):
            if re.fullmatch(kind, one.kind):
                return one
        raise RoutedError(f"a cell at X{x}/Y{y} requires a tile {kind}, which is not there.")

    def _slice_tile(self, location: Location) -> Tile:
        return self._tile(location.x, location.y, "PLC2")

    def _is_driven(self, location: Location, name: str) -> int | None:
        """Return the net of a wire, None without one."""
        return self._driven.get(int(self._wires.number(location.x, location.y, name)[0]))

    def _unused(self) -> Iterator[Setting]:
        for tile in self._device.tiles:
            kind = tile.kind.removeprefix("V")
            for one in _TIED.get(kind, "").split():
                if f"CIB.J{one}MUX" in self._device.kinds[tile.kind].choices:
                    yield Setting(UNUSED, tile, f"CIB.J{one}MUX", "0")

    def _system(self) -> Iterator[Setting]:
        for key, value in self._design.settings.items():
            name = key.removeprefix("arch.sysconfig.")
            for tile in self._device.tiles:
                if name != key and tile.kind in _SYSTEM.get(name, ()):
                    yield Setting("the design", tile, f"SYSCONFIG.{name}", value)

    def _banks(self, cells: Sequence[PlacedCell]) -> Iterator[Setting]:
        banks = banks_of(self._device)
        supplies = {}
        for cell, location in cells:
            if cell.kind == IO and cell.parameters.get("DIR", "INPUT") != "INPUT":
                supplies[banks[location[:3]]] = _VOLTAGES[_standard(cell)[-2:]]
        configuration = self._design.settings.get("arch.sysconfig.CONFIG_IOVOLTAGE")
        if configuration is not None:
            supplies[8] = configuration.replace(".", "V")
        for tile in self._device.tiles:
            named = re.match(r"BANKREF(\d)", tile.kind)
            if named and int(named[1]) in supplies:
                yield Setting("its pins", tile, "BANK.VCCIO", supplies[int(named[1])])

    def _table(self, cell: RoutedCell, location: Location) -> Iterator[Setting]:
        tile, half = self._slice_tile(location), location.number % 2
        block, mode = location.name[:6], cell.parameters.get("MODE", "LOGIC")
        if mode == "RAMW_BLOCK":
            return
        yield Setting(cell.name, tile, f"{block}.MODE", mode)
        inject = cell.parameters.get("CCU2_INJECT1", "YES") if mode == "CCU2" else "_NONE_"
        yield Setting(cell.name, tile, f"{block}.CCU2.INJECT1_{half}", inject)
        if mode == "DPRAM" and location.number == 0:
            write = cell.parameters.get("WREMUX", "WRE")
            yield Setting(cell.name, tile, f"{block}.WREMUX", write)
            clock = cell.parameters.get("WCKMUX", "WCK").replace("WCK", "CLK")
            yield Setting(cell.name, tile, "CLK1.CLKMUX", clock)
        for pin in LUT_PINS:
            if self._is_driven(location, f"{pin}{location.number}_SLICE") is None:
                yield Setting(cell.name, tile, f"{block}.{pin}{half}MUX", "1")

    def _register(self, cell: RoutedCell, location: Location) -> Iterator[Setting]:
        tile, block, half = self._slice_tile(location), location.name[:6], location.number % 2
        values = {
            f"{block}.GSR": _text(cell, "GSR", "ENABLED"),
            f"{block}.REG{half}.SD": _text(cell, "SD", "0"),
            f"{block}.REG{half}.REGSET": _text(cell, "REGSET", "RESET"),
            f"{block}.REG{half}.LSRMODE": _text(cell, "LSRMODE", "LSR"),
            f"{block}.CEMUX": _text(cell, "CEMUX", "1"),
        }
        for number in range(2):
            if self._is_driven(location, f"LSR{number}") == cell.inputs.get("LSR"):
                values[f"LSR{number}.SRMODE"] = _text(cell, "SRMODE", "LSR_OVER_CE")
                values[f"LSR{number}.LSRMUX"] = _text(cell, "LSRMUX", "LSR")
            if self._is_driven(location, f"CLK{number}") == cell.inputs.get("CLK"):
                values[f"CLK{number}.CLKMUX"] = _text(cell, "CLKMUX", "CLK")
        for name, value in values.items():
            yield Setting(cell.name, tile, name, value)

    def _pin_tiles(self, location: Location) -> tuple[Tile, Tile]:
        """Return the tile of a pin, and that of its registers."""
        x, y, second = location.x, location.y, int(location.name[-1] in "BD")
        if y == 0:
            pin = self._tile(x + second, 0, f"PIOT{second}")
            return pin, self._tile(x + second, 1, f"PICT{second}")
        if y == self._device.height - 1:
            return (self._tile(x + second, y, _BOTTOM[second]),) * 2
        side = "L" if x == 0 else "R"
        pin = self._tile(x, y + 1, f"PIC{side}1(_DQS[03])?")
        if location.name[-1] in "AB":
            return pin, self._tile(x, y, f"PIC{side}0(_DQS2)?")
        return pin, self._tile(x, y + 2, f"PIC{side}2(_DQS1)?|MIB_CIB_LR(_A)?")

    def _pin(self, cell: RoutedCell, location: Location) -> Iterator[Setting]:
        pin, registers = self._pin_tiles(location)
        direction, standard = cell.parameters.get("DIR", "INPUT"), _standard(cell)
        for tile in {pin.name: pin, registers.name: registers}.values():
            yield Setting(cell.name, tile, f"{location.name}.BASE_TYPE", f"{direction}_{standard}")
        if direction != "INPUT" and "T" not in cell.inputs:
            yield from self._tied(cell, location, f"JPADDT{location.name[-1]}", "0")
        values = {
            name: _attribute(cell, name)
            for name in ("SLEWRATE", "PULLMODE", "CLAMP", "OPENDRAIN", "DIFFRESISTOR")
            if name in cell.attributes
        }
        if direction != "OUTPUT":
            values["HYSTERESIS"] = _attribute(cell, "HYSTERESIS", "ON")
        if "DRIVE" in cell.attributes and standard == "LVCMOS33":
            values["DRIVE"] = _attribute(cell, "DRIVE")
        for name, value in values.items():
            yield Setting(cell.name, pin, f"{location.name}.{name}", value)

    def _tied(
        self, cell: RoutedCell, location: Location, wire: str, value: str
    ) -> Iterator[Setting]:
        """Yield the setting that gives a wire without a net its level."""
        number = int(self._wires.number(location.x, location.y, wire)[0])
        sources = _fixed_sources(self._device)
        while number in sources:
            number = sources[number]
        x, y, name = self._wires.position(number)
        kind = self._tile(x, y, "V?CIB.*")
        yield Setting(cell.name, kind, f"CIB.{name}MUX", value)

    def _block_ram(self, cell: RoutedCell, location: Location) -> Iterator[Setting]:
        wide = _is_wide(cell)
        left_out = ("WEA", "WEB", "ADA4") if wide else ()
        for port in cell.idle:
            if port not in left_out:
                yield from self._tied_ram_input(cell, location, port)
        values: dict[str, Value] = dict(_ram_mode(cell, wide))
        for port in _RAM_MUXES:
            if port not in left_out:
                is_low = re.fullmatch(r"(CLK|WE|RST)[AB]", port) and port in cell.idle
                values[f"{port}MUX"] = _text(cell, f"{port}MUX", "INV" if is_low else port)
        for side in "AB":
            values[f"CSDECODE_{side}"] = _ram_selects(cell, side)
        number = ram_number(cell)
        values["WID"] = [bool(number >> 8 - bit & 1) for bit in range(9)]
        for dx, kind in _RAM_TILES[location.number]:
            tile = self._tile(location.x + dx, location.y, kind)
            for name, value in values.items():
                yield Setting(cell.name, tile, f"EBR{location.number}.{name}", value, True)

    def _tied_ram_input(self, cell: RoutedCell, location: Location, port: str) -> Iterator[Setting]:
        is_plain = re.fullmatch(r"(AD|DI)[AB]\d+", port)
        value = _text(cell, f"{port}MUX", "0") if is_plain else "1"
        for one in self._tied(cell, location, f"J{port}_EBR", value):
            is_low = re.match(r"CIB.J(CLK|LSR)", one.name)
            yield one._replace(value="0") if is_low else one

    def _pll(self, cell: RoutedCell, location: Location) -> Iterator[Setting]:
        defaults = _PLL_DEFAULTS
        if "CLKOP" not in cell.outputs:
            defaults = defaults | {f"OUTDIVIDER_MUX{letter}": "REFCLK" for letter in "ABCD"}
        for dx, dy, kind in _PLL_TILES[location.name[-2:]]:
            tile = self._tile(location.x + dx, location.y + dy, kind)
            meaning = self._device.kinds[tile.kind]
            for name, word in meaning.words.items():
                number = _number(cell, name, _PLL_NUMBERS.get(name, 0)) - name.endswith("_DIV")
                bits = [bool(number >> bit & 1) for bit in range(len(word.bits))]
                yield Setting(cell.name, tile, name, bits, True)
            for name, choice in meaning.choices.items():
                text = _text(cell, name, defaults.get(name, choice.default or ""))
                if "." not in name:  # other names are those of a bank
                    yield Setting(cell.name, tile, name, text, True)


_RAM_MUXES = [f"{port}{side}" for port in ("CLK", "RST", "WE", "CE", "OCE") for side in "AB"]
"""Inputs of a block RAM with optional inversion."""


def _is_wide(cell: RoutedCell) -> bool:
    """Whether a block RAM is configured with one write port and one read port."""
    return cell.number("DATA_WIDTH_A") == 36


def _ram_mode(cell: RoutedCell, wide: bool) -> Iterator[tuple[str, str]]:
    yield "MODE", "PDPW16KD" if wide else "DP16KD"
    yield "GSR", _text(cell, "GSR", "DISABLED")
    yield "RESETMODE", _text(cell, "RESETMODE", "SYNC")
    yield "ASYNC_RESET_RELEASE", _text(cell, "ASYNC_RESET_RELEASE", "SYNC")
    if wide:
        yield "PDPW16KD.DATA_WIDTH_R", str(cell.number("DATA_WIDTH_B") or 36)
    for side in "AB":
        yield f"REGMODE_{side}", _text(cell, f"REGMODE_{side}", "NOREG")
        if not wide:
            yield f"DP16KD.DATA_WIDTH_{side}", str(cell.number(f"DATA_WIDTH_{side}") or 18)
            yield f"DP16KD.WRITEMODE_{side}", _text(cell, f"WRITEMODE_{side}", "NORMAL")


def _ram_selects(cell: RoutedCell, side: str) -> list[bool]:
    """Return the select inputs that enable a port, each inverted if its input is."""
    decode = _text(cell, f"CSDECODE_{side}", "0b000").removeprefix("0b")
    return [
        (one == "1") ^ (_text(cell, f"{name}MUX", "INV" if name in cell.idle else name) == "INV")
        for one, name in zip(decode, (f"CS{side}{bit}" for bit in (2, 1, 0)), strict=True)
    ]


_PLL_NUMBERS = {
    **{"CLKI_DIV": 1, "CLKFB_DIV": 1, "MFG_GMC_TEST": 14},
    **{f"{out}_DIV": 8 for out in ("CLKOP", "CLKOS", "CLKOS2", "CLKOS3")},
}
"""Defaults of a PLL's numbers other than 0; dividers are stored minus 1."""

_PLL_DEFAULTS = {
    **{"MODE": "EHXPLLL", "FEEDBK_PATH": "CLKOP", "INT_LOCK_STICKY": "ENABLED"},
    **{f"{out}_ENABLE": "ENABLED" for out in ("CLKOP", "CLKOS", "CLKOS2", "CLKOS3")},
    **{f"{out}_TRIM_POL": "RISING" for out in ("CLKOP", "CLKOS")},
}
"""Defaults of a PLL's named settings other than those of the tables."""


def marked_bits(device: Device) -> Iterator[tuple[Tile, tuple[int, int]]]:
    """Yield the bits of tiles, without a name, that every bitstream sets."""
    for tile in device.tiles:
        for bit in _SET.get(tile.kind, ()):
            yield tile, bit
        if tile.kind == "DSP_SPINE_UL1" and device.width == 73:
            yield from ((tile, bit) for bit in _SET["PVT_COUNT2"])
        if (
            device.name.endswith("85F")
            and tile.kind in ("PICB0", "PICB1")
            and tile.x in _MARKED_85K
        ):
            yield tile, (0, 1)


def ram_number(cell: RoutedCell) -> int:
    """Return the number under which a bitstream stores the content of a block RAM."""
    return _number(cell, "WID", 0)


def _text(cell: RoutedCell, name: str, default: str) -> str:
    """Return a named setting; nextpnr appends a space to texts that look like bits."""
    return cell.parameters.get(name, default).strip()


def _attribute(cell: RoutedCell, name: str, default: str = "") -> str:
    return str(cell.attributes.get(name, default)).strip()


def _number(cell: RoutedCell, name: str, default: int) -> int:
    """Return a number from a 32-bit parameter, or from the text of an attribute."""
    text = cell.parameters.get(name, cell.attributes.get(name))
    if text is None:
        return default
    return int(text, 2) if len(text) == 32 else int(text.strip())


def is_plain_pin(cell: RoutedCell) -> bool:
    """Whether a pin has one wire, no reference voltage, and no register."""
    is_direct = all(
        _text(cell, name, "PADD").startswith("PADD")
        for name in ("DATAMUX_ODDR", "DATAMUX_OREG", "DATAMUX_MDDR", "TRIMUX_TSREG")
    )
    return is_direct and re.fullmatch(r"LV(CMOS|TTL)\d\d", _standard(cell)) is not None


def _standard(cell: RoutedCell) -> str:
    return _attribute(cell, "IO_TYPE", "LVCMOS33")


@cache
def _fixed_sources(device: Device) -> dict[int, int]:
    """Return the driver of each wire that has only one possible driver."""
    arcs = fixed_arcs(device)
    driven, first, count = np.unique(arcs.dst, return_index=True, return_counts=True)
    single = count == 1
    return dict(zip(driven[single].tolist(), arcs.src[first[single]].tolist(), strict=True))
