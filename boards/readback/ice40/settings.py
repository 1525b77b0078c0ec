# SPDX-License-Identifier: BSD-2-Clause
"""Maps settings of cells to bits, and lists the bits that every bitstream sets.

A bit index is an index into the flattened bits of all tiles, [height, width, 16, 54]. The sources
are the chip database, and `ice40/bitstream.cc` of nextpnr for bits that the database does not name.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np

from .chipdb import (
    BLOCK_RAM,
    DSP,
    LC,
    MAX_TILE,
    PIN,
    PLL,
    RAM_BOTTOM,
    RAM_TOP,
    SPRAM,
    Bel,
    Chip,
)

LUT_ORDER = (4, 14, 15, 5, 6, 16, 17, 7, 3, 13, 12, 2, 1, 11, 10, 0)
"""Bits of a logic cell that are its look-up table, from that for inputs 0000 on."""

_CELL_BITS = {"CARRY_ENABLE": 8, "DFF_ENABLE": 9, "SET_NORESET": 18, "ASYNC_SR": 19}

PULL_UPS = ("3P3K", "6P8K", "10K")
"""Resistors of an UltraPlus' pins in addition to the weak one, in the order of their bits."""

_HARD = {PLL: "PLL.", DSP: "IpConfig.", SPRAM: "IpConfig."}
"""Prefix of the entries of a hard block's settings."""

_COLUMN_BUFFERS = {"5k": (4, 5, 14, 15, 26, 27), "8k": (8, 9, 24, 25), "1k": (4, 5, 12, 13)}
_COLUMN_BUFFERS_RAM = {"1k": (3, 5, 11, 13)}
"""Rows of tiles that pass the global networks to their columns, and those of block RAM."""

_UNPASSED = (25, 14)
"""The tile of an UltraPlus that passes only the carry of the multiplier at `_CARRIED`."""
_CARRIED = "X25/Y10/mac16_0"


def bit_index(chip: Chip, x: int, y: int, row: int, column: int) -> int:
    """Return the index of a bit of a tile."""
    return ((y * chip.tiles.shape[1] + x) * MAX_TILE[0] + row) * MAX_TILE[1] + column


def bit_position(chip: Chip, at: int) -> tuple[int, int, int, int]:
    """Return the tile (x, y), row and column of a bit index."""
    at, column = divmod(at, MAX_TILE[1])
    at, row = divmod(at, MAX_TILE[0])
    y, x = divmod(at, chip.tiles.shape[1])
    return x, y, row, column


def entry_indices(chip: Chip, x: int, y: int, name: str) -> list[int]:
    """Return the bit indices of an entry of a tile."""
    bits = chip.entries[chip.tiles[y, x]][name]
    return [bit_index(chip, x, y, row, column) for row, column in bits.tolist()]


@cache
def setting_indices(chip: Chip, bel: Bel) -> Mapping[str, Sequence[int]]:
    """Return the bit indices of a cell's settings by name, each from the lowest bit on.

    Names are those of nextpnr's parameters. Cells of a tile share their NEG_CLK. A pin also has
    INPUT_ENABLE and NO_PULL_UP, and on an UltraPlus NO_WEAK_PULL_UP and RESISTORS.
    """
    x, y, z = bel.x, bel.y, bel.z
    if bel.kind == LC:
        bits = entry_indices(chip, x, y, f"LC_{z}")
        settings = {name: [bits[index]] for name, index in _CELL_BITS.items()}
        settings["LUT_INIT"] = [bits[index] for index in LUT_ORDER]
        settings["NEG_CLK"] = entry_indices(chip, x, y, "NegClk")
        if z == 0:
            settings["CIN_SET"] = entry_indices(chip, x, y, "CarryInSet")
        return settings
    if bel.kind == PIN:
        return _pin_indices(chip, bel)
    if bel.kind == BLOCK_RAM:
        read, write = (y + 1, y) if chip.name == "1k" else (y, y + 1)
        cbits = [entry_indices(chip, x, y + 1, f"RamConfig.CBIT_{bit}")[0] for bit in range(4)]
        return {
            "WRITE_MODE": cbits[:2],
            "READ_MODE": cbits[2:],
            "NEG_CLK_R": entry_indices(chip, x, read, "NegClk"),
            "NEG_CLK_W": entry_indices(chip, x, write, "NegClk"),
            "POWER_UP": entry_indices(chip, x, y, "RamConfig.PowerUp"),
        }
    named: dict[str, dict[int, int]] = {}
    if bel.kind in _HARD:
        for name, (tile_x, tile_y, bit) in bel.config.items():
            if bit == "LOCKED":
                continue
            (at,) = entry_indices(chip, tile_x, tile_y, f"{_HARD[bel.kind]}{bit}")
            stem, _, number = name.rpartition("_")
            numbered = number.isdigit() and f"{stem}_0" in bel.config
            named.setdefault(stem if numbered else name, {})[int(number) if numbered else 0] = at
    return {name: [bits[number] for number in sorted(bits)] for name, bits in named.items()}


def _pin_indices(chip: Chip, bel: Bel) -> dict[str, list[int]]:
    x, y, z = bel.x, bel.y, bel.z
    types = [entry_indices(chip, x, y, f"IOB_{z}.PINTYPE_{bit}")[0] for bit in range(6)]
    settings = {"PIN_TYPE": types, "NEG_TRIGGER": entry_indices(chip, x, y, "NegClk")}
    if (x, y, z) not in chip.enables:
        return settings
    tile_x, tile_y, number = chip.enables[x, y, z]
    settings["INPUT_ENABLE"] = entry_indices(chip, tile_x, tile_y, f"IoCtrl.IE_{number}")
    settings["NO_PULL_UP"] = entry_indices(chip, tile_x, tile_y, f"IoCtrl.REN_{number}")
    if chip.name == "5k":
        first = 36 - 4 * number
        bits = [
            entry_indices(chip, tile_x, tile_y, f"IoCtrl.cf_bit_{first + bit}")[0]
            for bit in range(4)
        ]
        settings["RESISTORS"], settings["NO_WEAK_PULL_UP"] = bits[:3], bits[3:]
    return settings


def read_value(bits: Sequence[int] | bytes, at: Sequence[int]) -> int:
    """Return the number in these bits, lowest bit first."""
    return sum(int(bits[one]) << number for number, one in enumerate(at))


def unused_pin(chip: Chip) -> Mapping[str, int]:
    """Return the settings of a pin that the design does not use: no input, a weak pull-up."""
    # On the smaller die a zero enables the input.
    return {"INPUT_ENABLE": int(chip.name == "1k"), "NO_PULL_UP": 0}


def fixed_indices(chip: Chip, used: Sequence[str] | Mapping[str, object]) -> Iterator[list[int]]:
    """Yield the indices of bits that every bitstream sets; `used` names the bels of used cells.

    These are the bits of the buffers of the global networks, and of the connections through the
    tiles of hard blocks of an UltraPlus.
    """
    for y, x in np.argwhere(chip.tiles > 0).tolist():
        kind, entries = chip.tiles[y, x], chip.entries[chip.tiles[y, x]]
        rows = _COLUMN_BUFFERS
        if kind in (RAM_BOTTOM, RAM_TOP):
            rows = _COLUMN_BUFFERS | _COLUMN_BUFFERS_RAM
        if y in rows[chip.name]:
            for number in range(8):
                yield entry_indices(chip, x, y, f"ColBufCtrl.glb_netwk_{number}")
        if kind > RAM_TOP:
            columns = range(8)
            if (x, y) == _UNPASSED:
                columns = range(1 if _CARRIED in used else 0)
            for number in columns:
                bits = entry_indices(chip, x, y, f"LC_{number}")
                yield [bits[LUT_ORDER[index]] for index in range(16) if index % 8 >= 4]
                (name,) = (one for one in entries if one.endswith(f"LC0{number}_inmux02_5"))
                yield entry_indices(chip, x, y, name)


def bit_name(chip: Chip, at: int) -> str:
    """Return a bit's name: its tile, and its entry."""
    x, y, row, column = bit_position(chip, at)
    for name, bits in chip.entries[chip.tiles[y, x]].items():
        for number, one in enumerate(bits.tolist()):
            if one == [row, column]:
                return f"X{x}/Y{y} {name}{f'[{number}]' if len(bits) > 1 else ''}"
    return f"X{x}/Y{y} B{row}[{column}]"
