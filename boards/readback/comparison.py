# SPDX-License-Identifier: BSD-2-Clause
"""Reads bitstreams, routed designs and constraints, and compares them.

bits = read_bitstream(Path("top.bin"))
pins = constraints(Path("top.pcf"))
design = read_design(Path("routed.json"))
report = compared(bits, design, port_bels(bits, "sg48", pins, "top.pcf"))
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from firstspike.golden.system.errors import FirstSpikeError, remedy
from firstspike.golden.system.files import read_file

from .ecp5 import layout_check as ecp5_check
from .ecp5 import reader as ecp5_reader
from .ecp5.database import package_names, pin_bels
from .ice40.layout_check import check_layout
from .ice40.reader import Bits as Ice40Bits
from .ice40.reader import read_bits
from .ice40.structure import StructureReport
from .routed import HEAD, LayoutReport, RoutedDesign, RoutedError, read_routed

Bits = Ice40Bits | ecp5_reader.Bits

SHOWN = 10
"""Largest number of faults that a report lists."""

_LOCATION = re.compile(
    r'set_io(?: -\S+)* ([^\s-]\S*) (\S+)|LOCATE COMP "(\S+)" SITE "(\S+)";', re.ASCII
)
"""The line of a port and its pin, for an iCE40 or an ECP5."""

_MOST_BYTES, _PINS_BYTES = 1 << 28, 1 << 16
"""Largest number of bytes that are read of a file, and of one with pins."""

_Content = TypeVar("_Content")


def read_bitstream(path: Path) -> Bits:
    """Read the bitstream of an iCE40 or ECP5. Raises FirstSpikeError for any other file."""
    return parsed(path, _read_bits)


def read_design(path: Path) -> RoutedDesign:
    """Read the routed design that nextpnr writes. Raises RoutedError for any other file."""
    return replace(parsed(path, read_routed), source=path.name)


def compared(bits: Bits, design: RoutedDesign, pads: Mapping[str, str]) -> LayoutReport:
    """Compare a bitstream with a routed design; `pads` has the bel of each port.

    Raises FirstSpikeError if the design has cells that the comparison does not cover.
    """
    with _naming(design.source):
        if isinstance(bits, Ice40Bits):
            return check_layout(bits, design, pads)
        return ecp5_check.check_layout(bits, design, pads)


def constraints(path: Path) -> dict[str, str]:
    """Return the package pin of each port, from the constraints for nextpnr: .pcf or .lpf.

    Raises RoutedError for a line without port and pin.
    """
    pins = {}
    for line in content_of(path, _PINS_BYTES).decode("ascii", "replace").splitlines():
        if line.split()[:1] in (["set_io"], ["LOCATE"]):
            named = _LOCATION.fullmatch(line.strip())
            if named is None:
                raise RoutedError(
                    f"{path} has the line {line!r:.60}, which names no port and pin: build it anew."
                )
            port, pin = (word for word in named.groups() if word is not None)
            pins[port] = pin
    return pins


def package_pins(bits: Bits, package: str) -> dict[str, str]:
    """Return the bel of each pin of a package, such as sg48 or CABGA381. Raises RoutedError."""
    if isinstance(bits, Ice40Bits):
        name, known = package.lower(), list(bits.chip.packages)
    else:
        name, known = package.upper(), package_names(bits.device)
    if name not in known:
        raise RoutedError(f"the device has no package {package!r:.20}: {remedy(name, known)}")
    if isinstance(bits, Ice40Bits):
        chip = bits.chip
        return {pin: chip.bels[bel].name for pin, bel in chip.packages[name].items()}
    return pin_bels(bits.device, name)


def port_bels(bits: Bits, package: str, pins: Mapping[str, str], source: str) -> dict[str, str]:
    """Return the bel of each port, by its package pin; `source` names the origin of the pins."""
    known = package_pins(bits, package)
    for pin in pins.values():
        if pin not in known:
            raise RoutedError(f"{source}: the package {package} has no pin {pin!r:.20}.")
    return {port: known[pin] for port, pin in pins.items()}


def record_of(report: LayoutReport | StructureReport) -> dict[str, Any]:
    """Return the comparison with JSON values: the number of faults, and the first ones."""
    return {**vars(report), "faults": len(report.faults), "first": report.faults[:SHOWN]}


def layout_rows(record: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the comparison, or the structure check if that was recorded, as rows of a table."""
    cells = ("cells", ", ".join(f"{number} {kind}" for kind, number in record["cells"].items()))
    pads = ("ports at their pins", record["pads"])
    if "switches" in record:
        return [cells, ("switches", record["switches"]), pads, ("faults", record["faults"])]
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


def content_of(path: Path, most: int = _MOST_BYTES) -> bytes:
    """Return the content of a file of at most `most` bytes. Raises RoutedError without the file."""
    try:
        return read_file(path, most)
    except FileNotFoundError:
        raise RoutedError(f"there is no {path}: build it anew.") from None


def parsed(path: Path, parse: Callable[[bytes], _Content]) -> _Content:
    """Return the parsed content of a file; an error names the file."""
    content = content_of(path)
    with _naming(path.name):
        return parse(content)


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


def _read_bits(content: bytes) -> Bits:
    is_ecp5 = ecp5_reader.PREAMBLE in content[:HEAD]
    return ecp5_reader.read_bits(content) if is_ecp5 else read_bits(content)
