# SPDX-License-Identifier: BSD-2-Clause
"""The nets of a bitstream: the wires that its switches connect.

Tables name a wire relative to the tile: `N1_V02N0701` is the wire V02N0701 of the row above. A
wire's number encodes its column, row and name. Names of clocks begin with `G_`, `L_` or `R_`: a tap
drives the tiles of a row to its left or right, a spine the taps of a quadrant.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from .database import Device, Group, Tile, TileKind
from .reader import Bits

_MARGIN = 16
"""Columns and rows around the device, for wires that leave it."""

_RELATIVE = re.compile(r"([NS]\d+)?([EW]\d+)?_(.*)")
_SIGN = {"N": -1, "S": 1, "W": -1, "E": 1}


class Wires:
    """Numbers of wires of a device."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._names: dict[str, int] = {}
        self._texts: list[str] = []
        self._width, self._height = device.width + 2 * _MARGIN, device.height + 2 * _MARGIN
        self._prefix = f"{device.name[-3:-1].replace('12', '25')}K_"
        columns, rows = np.arange(device.width), np.arange(device.height)
        self._tap = np.zeros(device.width, int)
        self._is_left = np.zeros(device.width, bool)
        for tap, (left, left_end, right, right_end) in device.taps.items():
            is_left = (columns >= left) & (columns <= left_end)
            self._tap[is_left | ((columns >= right) & (columns <= right_end))] = tap
            self._is_left |= is_left
        self._quadrants = list(device.quadrants)
        self._quadrant = np.zeros((device.height, device.width), int)
        for number, (x0, x1, y0, y1) in enumerate(device.quadrants.values()):
            is_in = ((rows >= y0) & (rows <= y1))[:, None] & (columns >= x0) & (columns <= x1)
            self._quadrant[is_in] = number

    def number(self, x: np.ndarray | int, y: np.ndarray | int, name: str) -> np.ndarray:
        """Return the numbers of the wire `name` in tiles at (x, y); -1 for one of another die."""
        x, y = np.atleast_1d(x), np.atleast_1d(y)
        if name[2:4] == "K_" and name[:2].isdigit():
            if not name.startswith(self._prefix):
                return np.full(len(x), -1)
            name = name[4:]
        if name[:2] in ("G_", "L_", "R_"):
            return self._clock(x, y, name)
        if named := _RELATIVE.fullmatch(name):
            for part in named.groups()[:2]:
                if part is not None:
                    shift = _SIGN[part[0]] * int(part[1:])
                    x, y = (x, y + shift) if part[0] in "NS" else (x + shift, y)
            name = named[3]
        return self._plain(x, y, name)

    def position(self, number: int) -> tuple[int, int, str]:
        """Return column, row and name of a wire."""
        at, name = divmod(number, _MOST_NAMES)
        y, x = divmod(at, self._width)
        return x - _MARGIN, y - _MARGIN, self._texts[name]

    def _plain(self, x: np.ndarray, y: np.ndarray, name: str) -> np.ndarray:
        one = self._names.get(name)
        if one is None:
            one = self._names[name] = len(self._texts)
            self._texts.append(name)
        return ((y + _MARGIN) * self._width + x + _MARGIN) * _MOST_NAMES + one

    def _clock(self, x: np.ndarray, y: np.ndarray, name: str) -> np.ndarray:
        zero, kind = np.zeros_like(x), name[2:6]
        if name.startswith("G_") and kind == "HPBX":
            left = self._plain(self._tap[x], y, f"L_{name[2:]}")
            return np.where(self._is_left[x], left, self._plain(self._tap[x], y, f"R_{name[2:]}"))
        if name.startswith("G_") and kind in ("VPTX", "HPRX"):
            numbers = np.empty(len(x), np.int64)
            quadrants = self._quadrant[y, x]
            for number in np.unique(quadrants).tolist():
                quadrant, in_quadrant = self._quadrants[number], quadrants == number
                if kind == "HPRX":  # nextpnr treats it as the clock of the quadrant itself
                    clock = f"G_{quadrant}PCLK{int(name[6:8])}"
                    numbers[in_quadrant] = self._plain(zero[in_quadrant], zero[in_quadrant], clock)
                    continue
                spine = [
                    self._device.spines[quadrant, tap] for tap in self._tap[x[in_quadrant]].tolist()
                ]
                at = np.array(spine).reshape(-1, 2)
                numbers[in_quadrant] = self._plain(at[:, 0], at[:, 1], name)
            return numbers
        if name.startswith("G_"):
            return self._plain(zero, zero, name)
        return self._plain(x, y, name)


_MOST_NAMES = 1 << 16
"""A bound of the number of wire names in all types of tiles."""


@dataclass(frozen=True, eq=False)
class Arcs:
    """Connections between wires, from the numbers `src` to `dst`."""

    src: np.ndarray
    dst: np.ndarray


@cache
def wires_of(device: Device) -> Wires:
    """Return the numbers of a device's wires."""
    return Wires(device)


@cache
def tiles_of(device: Device) -> Mapping[str, list[Tile]]:
    """Return the tiles by type."""
    tiles_by_type: dict[str, list[Tile]] = {}
    for tile in device.tiles:
        tiles_by_type.setdefault(tile.kind, []).append(tile)
    return tiles_by_type


@cache
def fixed_arcs(device: Device) -> Arcs:
    """Return the connections that are always on."""
    wires = wires_of(device)
    src, dst = [], []
    for kind, tiles in tiles_of(device).items():
        x, y = np.array([(tile.x, tile.y) for tile in tiles]).T
        for driven, driver in device.kinds[kind].fixed:
            dst.append(wires.number(x, y, driven))
            src.append(wires.number(x, y, driver))
    all_src, all_dst = np.concatenate(src), np.concatenate(dst)
    known = all_src >= 0
    pairs = np.unique(np.stack([all_src[known], all_dst[known]]), axis=1)
    return Arcs(pairs[0], pairs[1])


def tile_bits(tiles: list[Tile]) -> tuple[np.ndarray, np.ndarray]:
    """Return memory indices of the bits of tiles of one type: [n, frames, 1], [n, 1, bits]."""
    frame = np.array([tile.frame for tile in tiles])[:, None, None]
    bit = np.array([tile.bit for tile in tiles])[:, None, None]
    one = tiles[0]
    return frame + np.arange(one.frames)[None, :, None], bit + np.arange(one.bits)[None, None, :]


@dataclass(frozen=True, eq=False)
class Wiring:
    """The switches of a bitstream."""

    switches: Arcs
    """Switches that a bit turns on."""
    implied: Arcs
    """Switches that are on because no bit turns on another one."""
    want: np.ndarray
    """A configuration memory with only the bits of the switches that are on."""


def wiring_of(bits: Bits) -> Wiring:
    """Return the switches that are on."""
    wires = wires_of(bits.device)
    want = np.zeros_like(bits.cram)
    src: tuple[list[np.ndarray], ...] = ([], [])
    dst: tuple[list[np.ndarray], ...] = ([], [])
    for kind, tiles in tiles_of(bits.device).items():
        frames, positions = tile_bits(tiles)
        x, y = np.array([(tile.x, tile.y) for tile in tiles]).T
        content = bits.cram[frames, positions]
        for driven, driver, group, selected in _decoded(bits.device.kinds[kind], content):
            is_implied = not any(value for _, _, value in group)
            src[is_implied].append(wires.number(x[selected], y[selected], driver))
            dst[is_implied].append(wires.number(x[selected], y[selected], driven))
            for frame, bit, value in group:
                if value:
                    want[frames[selected, frame, 0], positions[selected, 0, bit]] = 1
    on, implied = (
        Arcs(np.concatenate(s), np.concatenate(d)) for s, d in zip(src, dst, strict=True)
    )
    return Wiring(on, implied, want)


def _decoded(kind: TileKind, bits: np.ndarray) -> Iterator[tuple[str, str, Group, np.ndarray]]:
    """Yield for each wire with switches: the driver, its bits, and in which of the tiles it drives.

    `bits` are the bits of tiles of this kind, [n, frames, bits].
    """
    for driven, sources in kind.muxes.items():
        bit_indices = sorted({bit[:2] for group in sources.values() for bit in group})
        at = np.array(bit_indices, int).reshape(-1, 2)
        codes = bits[:, at[:, 0], at[:, 1]] @ (1 << np.arange(len(bit_indices), dtype=np.int64))
        for code in np.unique(codes).tolist():
            held = {bit_index: code >> number & 1 for number, bit_index in enumerate(bit_indices)}
            fitting = [
                (len(group), source)
                for source, group in sources.items()
                if all(held[frame, bit] == value for frame, bit, value in group)
            ]
            if fitting:
                driver, matches = max(fitting)[1], codes == code
                if driver in _WIDE:  # a carry uses the same bit with another meaning
                    is_carry = _is_carry(kind, driver, bits)
                    yield driven, f"{driven}_SLICE", (), np.flatnonzero(matches & is_carry)
                    matches &= ~is_carry
                yield driven, driver, sources[driver], np.flatnonzero(matches)


_WIDE = {f"F{suffix}{slice}_SLICE": slice for suffix in "5X" for slice in "ABCD"}
"""Outputs of wide multiplexers, with their slices."""


def _is_carry(kind: TileKind, driver: str, content: np.ndarray) -> np.ndarray:
    """Whether the slice of a wide multiplexer computes carries, for each tile."""
    bits = kind.choices[f"SLICE{_WIDE[driver]}.MODE"].values["CCU2"]
    return np.all([content[:, frame, bit] == value for frame, bit, value in bits], axis=0)
