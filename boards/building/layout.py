# SPDX-License-Identifier: BSD-2-Clause
"""The bitstream of a build: compared with the routed design, and as a netlist.

The bitstream is that of an iCE40 or an ECP5. Only those of an iCE40 become a netlist.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from firstspike.boards.ecp5 import layout_check as ecp5_check
from firstspike.boards.ecp5 import reader as ecp5_reader
from firstspike.boards.ecp5.database import Device, pin_bels
from firstspike.boards.ecp5.netlist import routed_netlist
from firstspike.boards.ice40.chipdb import Chip
from firstspike.boards.ice40.layout_check import LayoutReport, check_layout
from firstspike.boards.ice40.netlist import read_netlist
from firstspike.boards.ice40.reader import BitstreamError, read_bits
from firstspike.boards.ice40.routed import RoutedError, read_routed
from firstspike.boards.pins.board import Board
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.files import read_file

from .design import TOP

ROUTED = "routed.json"
"""The routed design in a build's folder, as nextpnr writes it."""

_PINS, _ECP5_PINS = f"{TOP}.pcf", f"{TOP}.lpf"
"""The constraints in a build's folder: the package's pin of each port."""

_BITSTREAM_BYTES, _ROUTED_BYTES, _PINS_BYTES = 1 << 22, 1 << 28, 1 << 16
"""Most bytes that are read of each file."""

_HEAD_BYTES = 4096
"""The preamble of an ECP5's bitstream is among the first bytes, after a comment."""

SHOWN = 10
"""Faults that a report names."""


def compare_layout(bitstream: Path, routed: Path, board: Board | None) -> LayoutReport:
    """Compare a bitstream with a routed design.

    With `board` also compare the pins with the constraints beside `routed`. Raises
    FirstSpikeError where a file cannot be read, or has cells that the comparison does not cover.
    """
    content = _content(bitstream, _BITSTREAM_BYTES)
    design = read_routed(_content(routed, _ROUTED_BYTES))
    if ecp5_reader.PREAMBLE in content[:_HEAD_BYTES]:
        ecp5 = ecp5_reader.read_bits(content)
        at = {} if board is None else _ecp5_pads(ecp5.device, board, routed.with_name(_ECP5_PINS))
        return ecp5_check.check_layout(ecp5, design, at)
    bits = read_bits(content)
    pads = {} if board is None else _pads(bits.chip, board, routed.with_name(_PINS))
    return check_layout(bits, design, pads)


def bitstream_netlist(bitstream: Path, board: Board) -> bytes:
    """A netlist of a bitstream's bits, as Yosys writes it in JSON.

    The names of ports come from the constraints beside the bitstream, and those of registers that
    synthesis has kept from the routed design. Raises FirstSpikeError as `compare_layout` does.
    """
    bits = read_bits(_content(bitstream, _BITSTREAM_BYTES))
    design = read_routed(_content(bitstream.with_name(ROUTED), _ROUTED_BYTES))
    pads = _pads(bits.chip, board, bitstream.with_name(_PINS))
    return json.dumps(read_netlist(bits, pads, design.kept)).encode()


def design_netlist(routed: Path) -> bytes:
    """A netlist of an ECP5's routed design, as Yosys writes it in JSON.

    Raises FirstSpikeError where the file cannot be read, or has cells without a model.
    """
    return json.dumps(routed_netlist(read_routed(_content(routed, _ROUTED_BYTES)))).encode()


def layout_record(bitstream: Path, board: Board) -> dict[str, Any]:
    """The comparison for a build's report; "unchecked" says why there was none.

    A bitstream that cannot be read is a fault.
    """
    try:
        report = compare_layout(bitstream, bitstream.with_name(ROUTED), board)
    except BitstreamError as error:
        return {"faults": 1, "first": [str(error)]}
    except FirstSpikeError as error:
        return {"unchecked": str(error)}
    return record_of(report)


def record_of(report: LayoutReport) -> dict[str, Any]:
    """The comparison as JSON holds it: the number of faults, and the first ones."""
    return {**vars(report), "faults": len(report.faults), "first": report.faults[:SHOWN]}


def layout_rows(record: dict[str, Any]) -> list[tuple[str, Any]]:
    """The comparison as rows of a table."""
    cells = ", ".join(f"{number} {kind}" for kind, number in record["cells"].items())
    return [
        ("cells", cells),
        ("pins", f"{record['pins']}, on {record['nets']} nets"),
        ("outputs without load", f"{record['unloaded']}, not compared"),
        ("look-up tables", record["luts"]),
        ("bits of switches", record["switch_bits"]),
        ("bits of settings", record["setting_bits"]),
        ("bits of block RAM", record["content_bits"]),
        ("ports at their pins", record["pads"]),
        ("differences", record["faults"]),
    ]


def _content(path: Path, most: int) -> bytes:
    try:
        return read_file(path, most)
    except FileNotFoundError:
        raise RoutedError(f"there is no {path}: build it anew.") from None


def _pads(chip: Chip, board: Board, constraints: Path) -> dict[str, str]:
    """The bel of each port by the file of constraints that nextpnr has read."""
    name = str(getattr(board.platform, "package", "")).lower()
    package = {pin: chip.bels[bel].name for pin, bel in chip.packages.get(name, {}).items()}
    ports = (words[-2:] for words in _lines(constraints) if words[0] == "set_io")
    return {port: _bel_of(package, pin, board) for port, pin in ports}


def _ecp5_pads(device: Device, board: Board, constraints: Path) -> dict[str, str]:
    """The same for an ECP5."""
    platform = board.platform()
    if platform.device != device.name:
        raise BitstreamError(
            f"the bitstream is of an {device.name}, but the {board.title} has an {platform.device}."
        )
    # what Amaranth gives to nextpnr
    package = pin_bels(device, platform._nextpnr_package_options[platform.package].upper())
    ports = (words[2::2] for words in _lines(constraints) if words[0] == "LOCATE")
    return {port.strip('"'): _bel_of(package, pin.strip('";'), board) for port, pin in ports}


def _lines(constraints: Path) -> Iterator[list[str]]:
    """The words of each line that has some."""
    for line in _content(constraints, _PINS_BYTES).decode("ascii", "replace").splitlines():
        if line.split():
            yield line.split()


def _bel_of(package: Mapping[str, str], pin: str, board: Board) -> str:
    if pin not in package:
        raise RoutedError(f"the package of the {board.title} has no pin {pin!r:.20}.")
    return package[pin]
