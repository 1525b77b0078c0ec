# SPDX-License-Identifier: BSD-2-Clause
"""The routed design in nextpnr's format of `--write`: cells, their locations, and their nets.

All families share this module, and the report of the comparison of a bitstream with a routed
design.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firstspike.golden.foreign.json_text import JsonError, check_json, read_json
from firstspike.golden.system.errors import FirstSpikeError

HEAD = 4096
"""Number of first bytes of a bitstream that contain the preamble, after a comment."""

_WRITTEN = {
    "modules": {
        str: {
            "ports": {str: {"direction": str, "bits": [int]}},
            "cells": {
                str: {
                    "type": str,
                    "parameters": {str: str},
                    "attributes": {"NEXTPNR_BEL": str},
                    "port_directions": {str: ("input", "output", "inout")},
                    "connections": {str: list},
                }
            },
            "netnames": {str: {"bits": [int], "attributes": dict}},
            "settings": {str: str},
        }
    }
}


class BitstreamError(FirstSpikeError):
    """A file is not a readable bitstream, or is damaged; the message gives the reason."""


class UncoveredError(FirstSpikeError):
    """The design contains a part that the check does not cover."""


class RoutedError(FirstSpikeError):
    """A file is not a routed design of nextpnr."""


@dataclass(frozen=True, eq=False)
class RoutedCell:
    """A cell of the design, with its location."""

    name: str
    kind: str
    bel: str
    parameters: Mapping[str, str]
    attributes: Mapping[str, Any]
    inputs: Mapping[str, int]
    """The net of each connected input."""
    outputs: Mapping[str, int]
    idle: Sequence[str]
    """The inputs that are not connected."""

    def number(self, name: str) -> int:
        """Return a parameter as a number, 0 if it is missing; unknown bits count as 0."""
        text = self.parameters.get(name, "0").removeprefix("0b").replace("x", "0")
        try:
            return int(text, 2)
        except ValueError:
            raise RoutedError(f"{self.name}: {name} is {text!r:.40}, no binary number.") from None


@dataclass(frozen=True, eq=False)
class RoutedDesign:
    """A routed design."""

    cells: Mapping[str, RoutedCell]
    """Cells by their bels."""
    pads: Mapping[str, str]
    """The bel of each port of the design."""
    loaded: frozenset[int]
    """The nets that an input reads."""
    wires_of_synthesis: Mapping[str, Sequence[str]]
    """The driver of each bit, bel and port as `BEL/PORT`, of each wire that synthesis has kept."""
    settings: Mapping[str, str]
    """The options of nextpnr, and the settings of the constraints."""
    source: str = "the routed design"
    """Name of its file."""

    def check_covered(self, kinds: Collection[str]) -> None:
        """Raise UncoveredError for a cell that is of none of these kinds."""
        for cell in self.cells.values():
            if cell.kind not in kinds:
                raise UncoveredError(
                    f"the design has a {cell.kind} ({cell.name}), which the check of bitstreams "
                    "does not cover."
                )

    def moved_ports(self, pads: Mapping[str, str]) -> list[str]:
        """Return a fault for each port that the board has elsewhere; `pads` has the bel of each."""
        return [
            f"{port} is at {self.pads.get(port)}, but the board has it at {bel}"
            for port, bel in pads.items()
            if self.pads.get(port) != bel
        ]


@dataclass(frozen=True, kw_only=True)
class LayoutReport:
    """The compared parts, and the differences."""

    cells: Mapping[str, int]
    """The design's cells by kind."""
    pins: int
    """Pins of cells that are on a net, and were compared."""
    unloaded: int
    """Outputs on a net that no pin reads, which need no comparison."""
    nets: int
    luts: int
    """Look-up tables compared as functions."""
    switch_bits: int
    setting_bits: int
    """Bits outside of switches, and of the look-up tables of the design."""
    content_bits: int
    """Bits of block RAM."""
    pads: int
    """Ports of the design compared with the board's constraints."""
    faults: Sequence[str]


def read_routed(content: bytes) -> RoutedDesign:
    """Read the output of nextpnr. Raises RoutedError for other content."""
    try:
        written = read_json(content)
        check_json(written, _WRITTEN, "it")
    except JsonError as error:
        raise RoutedError(f"the routed design was not written by nextpnr: {error}.") from None
    if len(written["modules"]) != 1:
        raise RoutedError(f"the routed design has {len(written['modules'])} modules, not one.")
    (module,) = written["modules"].values()
    port_of = {
        bit: name if len(port["bits"]) == 1 else f"{name}[{number}]"
        for name, port in module["ports"].items()
        for number, bit in enumerate(port["bits"])
    }
    cells: dict[str, RoutedCell] = {}
    pads, loaded = {}, set()
    for name, cell in module["cells"].items():
        bel = cell["attributes"]["NEXTPNR_BEL"]
        if bel in cells:
            raise RoutedError(f"the routed design has two cells at {bel}.")
        pins: dict[str, dict[str, int]] = {"input": {}, "output": {}, "inout": {}}
        for port, bits in cell["connections"].items():
            if bits and (len(bits) != 1 or not isinstance(bits[0], int)):
                raise RoutedError(f"{name}: {port} is {bits!r:.40}, not one net.")
            if bits:
                pins[cell["port_directions"].get(port, "inout")][port] = bits[0]
        for pad in pins["inout"].values():
            if pad in port_of:
                pads[port_of[pad]] = bel
        loaded |= set(pins["input"].values())
        cells[bel] = RoutedCell(
            name,
            cell["type"],
            bel,
            cell["parameters"],
            cell["attributes"],
            pins["input"],
            pins["output"],
            [
                port
                for port, bits in cell["connections"].items()
                if not bits and cell["port_directions"].get(port) == "input"
            ],
        )
    wires_of_synthesis = _kept_wires(module["netnames"], cells)
    return RoutedDesign(cells, pads, frozenset(loaded), wires_of_synthesis, module["settings"])


def netlist_of(
    name: str,
    ports: Mapping[str, int],
    cells: Mapping[str, Any],
    kept_wires: Mapping[str, Sequence[int | str]],
) -> dict[str, Any]:
    """Return a netlist with one module in the format of Yosys' `write_json`.

    `ports` has the net of each port, and `kept_wires` the nets of each wire with `keep`.
    """

    def named(bits: Sequence[int | str], **attributes: str) -> dict[str, Any]:
        return {"hide_name": 0, "bits": list(bits), "attributes": attributes}

    top = {
        "attributes": {"top": "1"},
        "ports": {port: {"direction": "inout", "bits": [net]} for port, net in ports.items()},
        "cells": cells,
        "netnames": {
            **{port: named([net]) for port, net in ports.items()},
            **{wire: named(nets, keep="1") for wire, nets in kept_wires.items()},
        },
    }
    return {"modules": {name: top}}


def _kept_wires(
    names: Mapping[str, Mapping[str, Any]], cells: Mapping[str, RoutedCell]
) -> dict[str, list[str]]:
    """Return the drivers of wires with `keep`; nextpnr has a name for each bit of a wire."""
    driver = {
        net: f"{cell.bel}/{port}" for cell in cells.values() for port, net in cell.outputs.items()
    }
    bits: dict[str, dict[int, str]] = {}
    for name, wire in names.items():
        named = re.fullmatch(r"(.*?)(?:\[(\d{1,4})\])?", name, re.DOTALL)
        if "keep" in wire["attributes"] and named and len(wire["bits"]) == 1:
            (net,) = wire["bits"]
            if net in driver:
                bits.setdefault(named[1], {})[int(named[2] or 0)] = driver[net]
    return {name: [one[bit] for bit in sorted(one)] for name, one in bits.items()}
