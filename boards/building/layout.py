# SPDX-License-Identifier: BSD-2-Clause
"""The bitstream of an iCE40's build: compared with the routed design, and as a netlist."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from amaranth.lib.io import SingleEndedPort

from firstspike.boards.ice40.layout_check import LayoutReport, check_layout
from firstspike.boards.ice40.netlist import read_netlist
from firstspike.boards.ice40.reader import Bits, BitstreamError, read_bits
from firstspike.boards.ice40.routed import RoutedDesign, RoutedError, read_routed
from firstspike.boards.ice40.structure import StructureReport, check_structure
from firstspike.boards.pins.board import Board
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.files import read_file

from .design import TOP

ROUTED = "routed.json"
"""The routed design in a build's folder, as nextpnr writes it."""

_PINS = f"{TOP}.pcf"
"""The constraints in a build's folder: the package's pin of each port."""

_BITSTREAM_BYTES, _ROUTED_BYTES, _PINS_BYTES = 1 << 20, 1 << 28, 1 << 16
"""Most bytes that are read of each file."""

SHOWN = 10
"""Faults that a report names."""


def compare_layout(bitstream: Path, routed: Path, board: Board | None) -> LayoutReport:
    """Compare a bitstream with a routed design.

    With `board` also compare the pins with the constraints beside `routed`. Raises
    FirstSpikeError where a file cannot be read, or has cells that the comparison does not cover.
    """
    bits, design = _read(bitstream, routed)
    pins = {} if board is None else _constraints(routed.with_name(_PINS))
    return check_layout(bits, design, {} if board is None else _pads(bits, board, pins))


def bitstream_netlist(bitstream: Path, board: Board, names: Mapping[str, Any]) -> bytes:
    """A netlist of a bitstream's bits, as Yosys writes it in JSON.

    `names` are those in the record of its build's layout. Raises FirstSpikeError where the file
    cannot be read, has cells that a simulation does not cover, or lacks what is named, and where
    the board has a port at another pin.
    """
    bits = read_bits(_content(bitstream, _BITSTREAM_BYTES))
    pads = _pads(bits, board, names["pins"])
    for fault in _moved_ports(board, names["pins"]):
        raise RoutedError(f"{fault}.")
    return json.dumps(read_netlist(bits, pads, names["wires"])).encode()


def layout_record(bitstream: Path, board: Board) -> dict[str, Any]:
    """The comparison for a build's report; "unchecked" says why there was none.

    It has the names that a netlist of the bits takes from the design, so that a simulation needs
    no file but the report. A bitstream that cannot be read is a fault.
    """
    try:
        bits, design = _read(bitstream, bitstream.with_name(ROUTED))
        pins = _constraints(bitstream.with_name(_PINS))
        report = check_layout(bits, design, _pads(bits, board, pins))
    except BitstreamError as error:
        return {"faults": 1, "first": [str(error)]}
    except FirstSpikeError as error:
        return {"unchecked": str(error)}
    return {**record_of(report), "names": {"pins": pins, "wires": design.kept}}


def structure_report(bitstream: Path, board: Board, names: Mapping[str, Any]) -> StructureReport:
    """Check a bitstream without its routed design; `names` are as for `bitstream_netlist`.

    Raises FirstSpikeError where the file cannot be read.
    """
    bits = read_bits(_content(bitstream, _BITSTREAM_BYTES))
    report = check_structure(bits, _pads(bits, board, names["pins"]))
    return replace(report, faults=[*report.faults, *_moved_ports(board, names["pins"])])


def record_of(report: LayoutReport | StructureReport) -> dict[str, Any]:
    """The comparison as JSON holds it: the number of faults, and the first ones."""
    return {**vars(report), "faults": len(report.faults), "first": report.faults[:SHOWN]}


def layout_rows(record: dict[str, Any]) -> list[tuple[str, Any]]:
    """The comparison as rows of a table; of a StructureReport, if that is what was recorded."""
    cells = ("cells", ", ".join(f"{number} {kind}" for kind, number in record["cells"].items()))
    pads = ("ports at their pins", record["pads"])
    if "switches" in record:
        return [
            (
                "routed design",
                f"none: there is no {ROUTED}, so only structure and pins are checked",
            ),
            cells,
            ("switches", record["switches"]),
            pads,
            ("faults", record["faults"]),
        ]
    return [
        cells,
        ("pins", f"{record['pins']}, on {record['nets']} nets"),
        ("outputs without load", f"{record['unloaded']}, not compared"),
        ("look-up tables", record["luts"]),
        ("bits of switches", record["switch_bits"]),
        ("bits of settings", record["setting_bits"]),
        ("bits of block RAM", record["content_bits"]),
        pads,
        ("differences", record["faults"]),
    ]


def _content(path: Path, most: int) -> bytes:
    try:
        return read_file(path, most)
    except FileNotFoundError:
        raise RoutedError(f"there is no {path}: build it anew.") from None


def _read(bitstream: Path, routed: Path) -> tuple[Bits, RoutedDesign]:
    bits = read_bits(_content(bitstream, _BITSTREAM_BYTES))
    return bits, read_routed(_content(routed, _ROUTED_BYTES))


def _constraints(path: Path) -> dict[str, str]:
    """The package's pin of each port by the file of constraints that nextpnr has read."""
    text = _content(path, _PINS_BYTES).decode("ascii", "replace")
    lines = [line.split() for line in text.splitlines()]
    return {words[-2]: words[-1] for words in lines if words[:1] == ["set_io"] and words[2:]}


def _moved_ports(board: Board, pins: Mapping[str, str]) -> list[str]:
    """Ports that the board has at other pins of the package."""
    expected: dict[str, str] = {}
    for name, number in board.platform().resources:
        if any(port.startswith(f"{name}_{number}__") for port in pins):
            # A platform of its own for each: two resources may share a pin.
            expected |= _ports(board.platform().request(name, number, dir="-"))
    return [
        f"{port} is at pin {pin}, but the {board.title} has it at {expected[port]}"
        for port, pin in pins.items()
        if expected.get(port, pin) != pin
    ]


def _ports(value: Any) -> dict[str, str]:
    """The package's pin of each port of a resource."""
    if not isinstance(value, SingleEndedPort):
        return {port: pin for one in vars(value).values() for port, pin in _ports(one).items()}
    return {value.io.name: value.io.metadata[0].name}


def _pads(bits: Bits, board: Board, pins: Mapping[str, str]) -> dict[str, str]:
    """The bel of each port, by the package's pin of each."""
    package = bits.chip.packages.get(str(getattr(board.platform, "package", "")).lower(), {})
    for pin in pins.values():
        if pin not in package:
            raise RoutedError(f"the package of the {board.title} has no pin {pin!r:.20}.")
    return {port: bits.chip.bels[package[pin]].name for port, pin in pins.items()}
