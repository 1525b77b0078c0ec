# SPDX-License-Identifier: BSD-2-Clause
"""Compares the bitstream of a build with the routed design, and converts it to a netlist.

The bitstream is that of an iCE40 or an ECP5. Only those of an iCE40 are converted.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from amaranth.lib.io import SingleEndedPort

from firstspike.boards.ecp5 import layout_check as ecp5_check
from firstspike.boards.ecp5 import reader as ecp5_reader
from firstspike.boards.ecp5.database import pin_bels
from firstspike.boards.ecp5.netlist import routed_netlist
from firstspike.boards.families.facts import BITSTREAM_HEAD
from firstspike.boards.families.ice40 import die_of
from firstspike.boards.families.registry import FACTS
from firstspike.boards.ice40.layout_check import check_layout
from firstspike.boards.ice40.netlist import read_netlist
from firstspike.boards.ice40.reader import Bits, read_bits
from firstspike.boards.ice40.structure import StructureReport, check_structure
from firstspike.boards.pins.board import Board
from firstspike.boards.routed import (
    BitstreamError,
    LayoutReport,
    RoutedDesign,
    RoutedError,
    UncoveredError,
    read_routed,
)
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.files import read_file
from firstspike.hdl.flow.devices import ECP5, ICE40

from .design import TOP

ROUTED = "routed.json"
"""The routed design in a build's folder, written by nextpnr."""

_PINS, _ECP5_PINS = f"{TOP}.pcf", f"{TOP}.lpf"
"""The constraints in a build's folder, with the package pin of each port."""

_LOCATION = re.compile(
    r'set_io(?: -\S+)* ([^\s-]\S*) (\S+)|LOCATE COMP "(\S+)" SITE "(\S+)";', re.ASCII
)
"""The line of a port and its pin, for an iCE40 or an ECP5."""

_MOST_BYTES, _PINS_BYTES = 1 << 28, 1 << 16
"""Largest number of bytes that are read of a file, and of one with pins."""

_Content = TypeVar("_Content")

SHOWN = 10
"""Largest number of faults that a report lists."""


def compare_layout(bitstream: Path, routed: Path, board: Board | None) -> LayoutReport:
    """Compare a bitstream with a routed design.

    With `board`, also compare the pins with the constraints next to `routed`. Raises
    FirstSpikeError if a file cannot be read, or has cells that the comparison does not cover.
    """
    bits = _parsed(bitstream, _read_bits)
    return _compared(bits, _parsed(routed, read_routed), board, routed)


def bitstream_netlist(bitstream: Path, board: Board, names: Mapping[str, Any]) -> bytes:
    """Return the netlist of a bitstream's bits, in the JSON format of Yosys.

    `names` are those in the record of its build's layout. Raises FirstSpikeError if the file cannot
    be read, has cells that a simulation does not cover, or lacks a named object, and if the board
    has a port at another pin.
    """
    bits = _parsed(bitstream, read_bits)
    pads = _pads(bits, board, names["pins"], "the report")
    for fault in _moved_ports(board, names["pins"]):
        raise RoutedError(f"{fault}.")
    return json.dumps(read_netlist(bits, pads, names["wires"])).encode()


def design_netlist(routed: Path) -> bytes:
    """Return the netlist of an ECP5's routed design, in the JSON format of Yosys.

    Raises FirstSpikeError if the file cannot be read, or has cells without a model.
    """
    return json.dumps(_parsed(routed, lambda text: routed_netlist(read_routed(text)))).encode()


def layout_record(bitstream: Path, board: Board) -> dict[str, Any]:
    """Return the comparison for a build's report; "unchecked" gives the reason if there was none.

    For an iCE40, the record contains the names that a netlist of the bits takes from the design, so
    that a simulation needs only the report. A bitstream that cannot be read is a fault.
    """
    folder = bitstream.parent
    try:
        bits = _parsed(bitstream, _read_bits)
        design = _parsed(folder / ROUTED, read_routed)
        record = record_of(_compared(bits, design, board, folder / ROUTED))
        if isinstance(bits, ecp5_reader.Bits):
            return record
        names = {"pins": _constraints(folder / _PINS), "wires": design.wires_of_synthesis}
    except BitstreamError as error:
        return {"faults": 1, "first": [str(error)]}
    except FirstSpikeError as error:
        return {"unchecked": str(error)}
    return {**record, "names": names}


def structure_report(bitstream: Path, board: Board, names: Mapping[str, Any]) -> StructureReport:
    """Check a bitstream without its routed design; `names` are as for `bitstream_netlist`.

    Raises FirstSpikeError if the file cannot be read.
    """
    bits = _parsed(bitstream, read_bits)
    report = check_structure(bits, _pads(bits, board, names["pins"], "the report"))
    return replace(report, faults=[*report.faults, *_moved_ports(board, names["pins"])])


def record_of(report: LayoutReport | StructureReport) -> dict[str, Any]:
    """Return the comparison with JSON values: the number of faults, and the first ones."""
    return {**vars(report), "faults": len(report.faults), "first": report.faults[:SHOWN]}


def layout_rows(record: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the comparison, or the structure check if that was recorded, as rows of a table."""
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


def _content(path: Path, most: int = _MOST_BYTES) -> bytes:
    try:
        return read_file(path, most)
    except FileNotFoundError:
        raise RoutedError(f"there is no {path}: build it anew.") from None


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Name the source in an error about its content.

    The checks of an ECP5 rely on the cells, locations and settings that nextpnr writes: for others
    RoutedError is raised, too.
    """
    try:
        yield
    except FirstSpikeError as error:
        raise type(error)(f"{name}: {error}") from None
    except (LookupError, TypeError, ValueError) as error:
        raise RoutedError(
            f"{name}: a cell is not as nextpnr writes it ({error!r:.80}): build it anew."
        ) from None


def _parsed(path: Path, parse: Callable[[bytes], _Content]) -> _Content:
    content = _content(path)
    with _naming(path.name):
        return parse(content)


def _read_bits(content: bytes) -> Bits | ecp5_reader.Bits:
    is_ecp5 = ecp5_reader.PREAMBLE in content[:BITSTREAM_HEAD]
    return ecp5_reader.read_bits(content) if is_ecp5 else read_bits(content)


def check_family(bitstream: Path) -> None:
    """Raise UncoveredError for a bitstream of a family that no check covers."""
    head = _content(bitstream)[:BITSTREAM_HEAD]
    for family, facts in FACTS.items():
        if facts.preamble in head and family not in (ICE40, ECP5):
            raise UncoveredError(
                f"{bitstream} is a bitstream of the family {family.name}: only those of an iCE40 "
                "or ECP5 can be checked."
            )


def _compared(
    bits: Bits | ecp5_reader.Bits, design: RoutedDesign, board: Board | None, routed: Path
) -> LayoutReport:
    pads: dict[str, str] = {}
    if board is not None:
        pins = _PINS if isinstance(bits, Bits) else _ECP5_PINS
        pads = _pads(bits, board, _constraints(routed.with_name(pins)), pins)
    with _naming(routed.name):
        if isinstance(bits, Bits):
            return check_layout(bits, design, pads)
        return ecp5_check.check_layout(bits, design, pads)


def _constraints(path: Path) -> dict[str, str]:
    """Return the package pin of each port, from the constraints for nextpnr.

    Raises RoutedError for a line without port and pin.
    """
    pins = {}
    for line in _content(path, _PINS_BYTES).decode("ascii", "replace").splitlines():
        if line.split()[:1] in (["set_io"], ["LOCATE"]):
            named = _LOCATION.fullmatch(line.strip())
            if named is None:
                raise RoutedError(
                    f"{path} has the line {line!r:.60}, which names no port and pin: build it anew."
                )
            port, pin = (word for word in named.groups() if word is not None)
            pins[port] = pin
    return pins


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


def _pads(
    bits: Bits | ecp5_reader.Bits, board: Board, pins: Mapping[str, str], source: str
) -> dict[str, str]:
    """Return the bel of each port, by its package pin; `source` names the origin of the pins."""
    package = _package(bits, board)
    for pin in pins.values():
        if pin not in package:
            raise RoutedError(f"{source}: the package of the {board.title} has no pin {pin!r:.20}.")
    return {port: package[pin] for port, pin in pins.items()}


def _package(bits: Bits | ecp5_reader.Bits, board: Board) -> dict[str, str]:
    """Return the bel of each pin of a board's package."""
    platform = board.platform()
    device, name = (str(getattr(platform, field, "")) for field in ("device", "package"))
    if isinstance(bits, ecp5_reader.Bits):
        _check_device(device == bits.device.name, bits.device.name, board)
        # Amaranth's option for nextpnr
        return pin_bels(bits.device, platform._nextpnr_package_options[name].upper())
    chip = bits.chip
    is_it = board.device.family is ICE40 and die_of(device).lower() == chip.name
    _check_device(is_it, f"iCE40 with the die {chip.name.upper()}", board)
    return {pin: chip.bels[bel].name for pin, bel in chip.packages.get(name.lower(), {}).items()}


def _check_device(is_it: bool, device: str, board: Board) -> None:
    """Raise BitstreamError unless the bitstream's device is that of the board."""
    if not is_it:
        raise BitstreamError(
            f"the bitstream is of an {device}, but the {board.title} has an "
            f"{getattr(board.platform, 'device', board.device.name)}."
        )
