# SPDX-License-Identifier: BSD-2-Clause
"""Converts the routed design of an ECP5 to a netlist of its cells, in the JSON format of Yosys.

The cells are those of nextpnr, at their locations. An input without a net has the level that the
slice or block reads according to nextpnr's `ecp5/bitstream.cc`.
"""

from collections.abc import Mapping
from typing import Any

from firstspike.boards.readback.routed import RoutedCell, RoutedDesign, RoutedError, netlist_of

from .expected import is_plain_pin
from .pins import BLOCK_RAM, BUFFER, COMB, FF, IO, KINDS

_OWN_MUXES = {COMB: {"WREMUX", "WCKMUX"}, FF: {"CEMUX", "CLKMUX", "LSRMUX"}}
_OWN_MUXES[BLOCK_RAM] = {"CLKAMUX", "CLKBMUX"}
"""Parameters for the inversion of an input that the models of cells support."""

_UNMODELLED = {IO: {"IOLDO", "IOLTO"}, COMB: {"DI0", "DI1"}, FF: {"M"}}
"""Ports that the models of cells lack."""

_ONES = {COMB: {"A", "B", "C", "D", "M"}, FF: {"CE"}, BLOCK_RAM: {"CEA", "CEB", "OCEA", "OCEB"}}
"""Inputs that read 1 without a net, unless a parameter changes that."""


def routed_netlist(design: RoutedDesign) -> dict[str, Any]:
    """Return a netlist in the format of Yosys' `write_json`.

    Raises RoutedError for cells and settings without a model.
    """
    nets = {net for cell in design.cells.values() for net in (*cell.inputs.values(), 1)}
    nets |= {net for cell in design.cells.values() for net in cell.outputs.values()}
    pads = {bel: max(nets) + 1 + number for number, bel in enumerate(design.pads.values())}
    outputs = {
        f"{cell.bel}/{port}": net
        for cell in design.cells.values()
        for port, net in cell.outputs.items()
    }
    names = {
        name: [outputs[driver] for driver in drivers]
        for name, drivers in design.wires_of_synthesis.items()
    }
    ports = {port: pads[bel] for port, bel in design.pads.items()}
    cells = {cell.name: _cell(cell, pads) for cell in design.cells.values()}
    return netlist_of("routed", ports, cells, names)


def _cell(cell: RoutedCell, pads: Mapping[str, int]) -> dict[str, Any]:
    if cell.kind not in KINDS:
        raise RoutedError(f"the routed design has a {cell.kind}, which cannot be simulated.")
    pins: dict[str, int | str] = {**cell.outputs, **cell.inputs}
    pins |= {port: _idle(cell, port) for port in cell.idle}
    parameters = {
        name: value.replace("x", "0") if set(value) <= set("01x") else value
        for name, value in cell.parameters.items()
        if not name.endswith("MUX") or name in _OWN_MUXES.get(cell.kind, ())
    }
    _check_muxes(cell)
    if cell.kind == COMB:
        parameters["IS_Z1"] = str(int(cell.bel.endswith("1")))
    elif cell.kind == FF:
        if parameters.get("LSRMODE", "LSR") != "LSR":
            raise RoutedError(f"{cell.name} loads a level, which cannot be simulated.")
        if parameters.pop("SD", "0").strip() == "0":
            pins["DI"] = pins["M"]
        for port, mux in (("LSR", "LSRMUX"), ("CE", "CEMUX")):
            if port not in cell.inputs and parameters.get(mux) == "INV":
                del parameters[mux]
        pins.setdefault("LSR", "0")
    elif cell.kind == IO:
        if not is_plain_pin(cell):
            raise RoutedError(f"{cell.name} is no plain pin, which cannot be simulated.")
        parameters = {"DIR": parameters.get("DIR", "INPUT")}
        if cell.bel in pads:
            pins["B"] = pads[cell.bel]
        pins.setdefault("T", "0")
    elif cell.kind == BUFFER and "CE" in cell.inputs:
        raise RoutedError(f"{cell.name} gates a clock, which cannot be simulated.")
    for port in _UNMODELLED.get(cell.kind, ()):
        pins.pop(port, None)
    return {
        "type": cell.kind,
        "parameters": parameters,
        "attributes": {},
        "connections": {port: [net] for port, net in pins.items()},
    }


def _check_muxes(cell: RoutedCell) -> None:
    """Raise RoutedError for an inverted input that the model does not invert."""
    for name, value in cell.parameters.items():
        is_own = name in _OWN_MUXES.get(cell.kind, ())
        is_inverted = value.strip() == "INV" and name.removesuffix("MUX") in cell.inputs
        if name.endswith("MUX") and is_inverted and not is_own:
            raise RoutedError(f"{cell.name}: {name} is INV, which cannot be simulated.")


def _idle(cell: RoutedCell, port: str) -> str:
    """Return the level of an input without a net."""
    mux = cell.parameters.get(f"{port}MUX", "").strip()
    if mux in ("0", "1"):
        return mux
    if mux == port and cell.kind == BLOCK_RAM:
        return "1"  # the wire is tied to 1, and nothing inverts it
    if mux == "INV":
        # the wire is tied to 1; the model's inversion of the input applies here, too
        return str(int(f"{port}MUX" in _OWN_MUXES.get(cell.kind, ())))
    return str(int(port in _ONES.get(cell.kind, ())))
