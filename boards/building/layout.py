# SPDX-License-Identifier: BSD-2-Clause
"""Compares the bitstream of a build with the routed design, and converts it to a netlist.

The bitstream is that of an iCE40 or an ECP5. Only those of an iCE40 are converted.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from amaranth.lib.io import SingleEndedPort

from firstspike.boards.families.ice40 import die_of
from firstspike.boards.families.registry import FACTS
from firstspike.boards.pins.board import Board
from firstspike.boards.readback.comparison import (
    Bits,
    Ice40Bits,
    compared,
    constraints,
    content_of,
    parsed,
    port_bels,
    read_bitstream,
    read_design,
    record_of,
)
from firstspike.boards.readback.ecp5.netlist import routed_netlist
from firstspike.boards.readback.ice40.netlist import read_netlist
from firstspike.boards.readback.ice40.reader import read_bits
from firstspike.boards.readback.ice40.structure import StructureReport, check_structure
from firstspike.boards.readback.routed import (
    HEAD,
    BitstreamError,
    LayoutReport,
    RoutedError,
    UncoveredError,
    read_routed,
)
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.hdl.flow.devices import ECP5, ICE40

from .design import TOP

ROUTED = "routed.json"
"""The routed design in a build's folder, written by nextpnr."""

_PINS, _ECP5_PINS = f"{TOP}.pcf", f"{TOP}.lpf"
"""The constraints in a build's folder, with the package pin of each port."""


def compare_layout(bitstream: Path, routed: Path, board: Board | None) -> LayoutReport:
    """Compare a bitstream with a routed design.

    With `board`, also compare the pins with the constraints next to `routed`. Raises
    FirstSpikeError if a file cannot be read, or has cells that the comparison does not cover.
    """
    bits = read_bitstream(bitstream)
    design = read_design(routed)
    return compared(bits, design, {} if board is None else _pads_of(bits, board, routed))


def bitstream_netlist(bitstream: Path, board: Board, names: Mapping[str, Any]) -> bytes:
    """Return the netlist of a bitstream's bits, in the JSON format of Yosys.

    `names` are those in the record of its build's layout. Raises FirstSpikeError if the file cannot
    be read, has cells that a simulation does not cover, or lacks a named object, and if the board
    has a port at another pin.
    """
    bits = parsed(bitstream, read_bits)
    bels = _pads(bits, board, names["pins"], "the report")
    for fault in _moved_ports(board, names["pins"]):
        raise RoutedError(f"{fault}.")
    return json.dumps(read_netlist(bits, bels, names["wires"])).encode()


def design_netlist(routed: Path) -> bytes:
    """Return the netlist of an ECP5's routed design, in the JSON format of Yosys.

    Raises FirstSpikeError if the file cannot be read, or has cells without a model.
    """
    return json.dumps(parsed(routed, lambda text: routed_netlist(read_routed(text)))).encode()


def layout_record(bitstream: Path, board: Board) -> dict[str, Any]:
    """Return the comparison for a build's report; "unchecked" gives the reason if there was none.

    For an iCE40, the record contains the names that a netlist of the bits takes from the design, so
    that a simulation needs only the report. A bitstream that cannot be read is a fault.
    """
    folder = bitstream.parent
    try:
        bits = read_bitstream(bitstream)
        design = read_design(folder / ROUTED)
        record = record_of(compared(bits, design, _pads_of(bits, board, folder / ROUTED)))
        if not isinstance(bits, Ice40Bits):
            return record
        names = {"pins": constraints(folder / _PINS), "wires": design.wires_of_synthesis}
    except BitstreamError as error:
        return {"faults": 1, "first": [str(error)]}
    except FirstSpikeError as error:
        return {"unchecked": str(error)}
    return {**record, "names": names}


def structure_report(bitstream: Path, board: Board, names: Mapping[str, Any]) -> StructureReport:
    """Check a bitstream without its routed design; `names` are as for `bitstream_netlist`.

    Raises FirstSpikeError if the file cannot be read.
    """
    bits = parsed(bitstream, read_bits)
    report = check_structure(bits, _pads(bits, board, names["pins"], "the report"))
    return replace(report, faults=[*report.faults, *_moved_ports(board, names["pins"])])


def check_family(bitstream: Path) -> None:
    """Raise UncoveredError for a bitstream of a family that no check covers."""
    head = content_of(bitstream)[:HEAD]
    for family, facts in FACTS.items():
        if facts.preamble in head and family not in (ICE40, ECP5):
            raise UncoveredError(
                f"{bitstream} is a bitstream of the family {family.name}: only those of an iCE40 "
                "or ECP5 can be checked."
            )


def _pads_of(bits: Bits, board: Board, routed: Path) -> dict[str, str]:
    """Return the bel of each port, from the constraints beside a routed design."""
    name = _PINS if isinstance(bits, Ice40Bits) else _ECP5_PINS
    return _pads(bits, board, constraints(routed.with_name(name)), name)


def _moved_ports(board: Board, pins: Mapping[str, str]) -> list[str]:
    """Return the ports that the board has at other pins of the package."""
    expected: dict[str, str] = {}
    for name, number in board.platform().resources:
        if any(port.startswith(f"{name}_{number}__") for port in pins):
            # A separate platform for each: two resources may share a pin.
            expected |= _ports(board.platform().request(name, number, dir="-"))
    return [
        f"{port} is at pin {pin}, but the {board.title} has it at {expected[port]}"
        for port, pin in pins.items()
        if expected.get(port, pin) != pin
    ]


def _ports(value: Any) -> dict[str, str]:
    """Return the package pin of each port of a resource."""
    if not isinstance(value, SingleEndedPort):
        return {port: pin for one in vars(value).values() for port, pin in _ports(one).items()}
    return {value.io.name: value.io.metadata[0].name}


def _pads(bits: Bits, board: Board, pins: Mapping[str, str], source: str) -> dict[str, str]:
    """Return the bel of each port, by its package pin; `source` names the origin of the pins."""
    platform = board.platform()
    device, package = (str(getattr(platform, field, "")) for field in ("device", "package"))
    if isinstance(bits, Ice40Bits):
        chip = bits.chip
        is_it = board.device.family is ICE40 and die_of(device).lower() == chip.name
        _check_device(is_it, f"iCE40 with the die {chip.name.upper()}", board)
    else:
        _check_device(device == bits.device.name, bits.device.name, board)
        package = platform._nextpnr_package_options[package]  # Amaranth's option for nextpnr
    return port_bels(bits, package, pins, source)


def _check_device(is_it: bool, device: str, board: Board) -> None:
    """Raise BitstreamError unless the bitstream's device is that of the board."""
    if not is_it:
        raise BitstreamError(
            f"the bitstream is of an {device}, but the {board.title} has an "
            f"{getattr(board.platform, 'device', board.device.name)}."
        )
