# SPDX-License-Identifier: BSD-2-Clause
"""Converts the bits of an iCE40 to a netlist of its primitives, in the JSON format of Yosys.

The result follows only from the bits, except for the names of the ports, and of registers that a
simulation shows. An input that no switch drives is 0, except the clock enables of memories and pins
and CE of a multiplier, which are then 1.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from firstspike.boards.readback.routed import BitstreamError, netlist_of

from .chipdb import BLOCK_RAM, BUFFER, DSP, LC, PIN, PLL, SPRAM, Bel
from .reader import Bits
from .settings import setting_indices
from .used import UsedCells

_PLL_TYPES = {2: ("SB_PLL40_PAD", "PACKAGEPIN"), 3: ("SB_PLL40_CORE", "REFERENCECLK")}
"""Types of a PLL with one output, and the port of their clock."""

_SIMPLE = 1
"""The only feedback path of a PLL that this module supports."""

_BITS = {"DIVR": 4, "DIVF": 7, "DIVQ": 3, "FILTER_RANGE": 3}
"""Widths of the parameters of a PLL."""

_ENABLES = {"RCLKE", "WCLKE", "CLOCK_ENABLE", "CE"}
"""Inputs that are 1 without a driver."""

_Bit = int | str


def read_netlist(
    bits: Bits, ports: Mapping[str, str], wires_of_synthesis: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return a netlist in the format of Yosys' `write_json`.

    `ports` has the bel of each port. `wires_of_synthesis` has, for each wire that a simulation
    shows, the driver of each of its bits as `BEL/PORT`. Raises BitstreamError for blocks that this
    module does not support, and for a driver that the chip does not have.
    """
    return _Netlist(bits).json(ports, wires_of_synthesis)


class _Netlist:
    """An unfinished netlist."""

    def __init__(self, bits: Bits) -> None:
        self._bits, self._chip = bits, bits.chip
        self._used = UsedCells(bits)
        self._wiring = self._used.wiring
        self._cells: dict[str, Any] = {}
        self._next = int(self._wiring.net.max()) + 3

    def json(
        self, ports: Mapping[str, str], wires_of_synthesis: Mapping[str, Sequence[str]]
    ) -> dict[str, Any]:
        pads = {bel: self._new() for bel in ports.values()}
        for bel, held in self._used.cells:
            make = {
                LC: self._logic_cell,
                BLOCK_RAM: self._block_ram,
                SPRAM: self._single_port_ram,
                DSP: self._multiplier,
                BUFFER: self._buffer,
            }.get(bel.kind)
            if make is not None:
                make(bel, held)
            elif bel.kind == PLL:
                self._pll(bel, held, pads)
            elif bel.name in pads:
                self._pin(bel, held, pads[bel.name])
        names = {
            name: [self._net(self._output(driver)) for driver in drivers]
            for name, drivers in wires_of_synthesis.items()
        }
        port_nets = {port: pads[bel] for port, bel in ports.items()}
        return netlist_of("bitstream", port_nets, self._cells, names)

    def _output(self, driver: str) -> int:
        """Return the wire of an output `BEL/PORT`."""
        bel, _, port = driver.rpartition("/")
        if bel not in self._numbers or port not in self._chip.bels[self._numbers[bel]].outputs:
            raise BitstreamError(f"the chip has no output {driver!r:.40}.")
        return self._chip.bels[self._numbers[bel]].wires[port]

    def _new(self) -> int:
        self._next += 1
        return self._next

    @cached_property
    def _driven_nets(self) -> set[int]:
        return set(self._wiring.net[self._used.driven].tolist())

    def _net(self, wire: int, idle: str = "0") -> _Bit:
        """Return the net of a wire, or the constant that an input without a driver reads."""
        net = int(self._wiring.net[wire])
        return net + 2 if net in self._driven_nets else idle

    def _add(
        self, bel: Bel, kind: str, parameters: Mapping[str, str], pins: Mapping[str, list[_Bit]]
    ) -> None:
        self._cells[f"{bel.name}/{kind}"] = {
            "type": kind,
            "parameters": dict(parameters),
            "attributes": {},
            "connections": dict(pins),
        }

    def _logic_cell(self, bel: Bel, held: Mapping[str, int]) -> None:
        wires = bel.wires
        inputs = [self._net(w) for w in self._chip.lut_inputs[self._numbers[bel.name]]]
        out = self._net(wires["O"])
        table = self._net(wires["LO"]) if "LO" in wires else self._new()
        read = _read_inputs(held["LUT_INIT"], inputs)
        pins: dict[str, list[_Bit]] = {f"I{n}": [net] for n, net in enumerate(read)}
        result = table if held["DFF_ENABLE"] else out
        self._add(bel, "SB_LUT4", {"LUT_INIT": f"{held['LUT_INIT']:016b}"}, {**pins, "O": [result]})
        if held["CARRY_ENABLE"]:
            carry = self._net(wires["CIN"])
            if bel.z == 0 and not self._wiring.drivers[wires["CIN"]]:
                carry = str(held["CIN_SET"])
            pins = {"CI": [carry], "I0": [inputs[1]], "I1": [inputs[2]]}
            self._add(bel, "SB_CARRY", {}, {**pins, "CO": [self._net(wires["COUT"])]})
        if not held["DFF_ENABLE"]:
            return
        kind = "SB_DFF" + "N" * bool(held["NEG_CLK"])
        pins = {"C": [self._net(wires["CLK"])], "D": [table], "Q": [out]}
        if self._wiring.drivers[wires["CEN"]]:
            kind += "E"
            pins["E"] = [self._net(wires["CEN"])]
        if self._wiring.drivers[wires["SR"]]:
            port = "S" if held["SET_NORESET"] else "R"
            kind += port if held["ASYNC_SR"] else f"S{port}"
            pins[port] = [self._net(wires["SR"])]
        self._add(bel, kind, {}, pins)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {bel.name: number for number, bel in enumerate(self._chip.bels)}

    def _pins_of(self, bel: Bel) -> dict[str, list[_Bit]]:
        """Return the pins of a hard block; buses begin with their lowest bit."""
        buses: dict[str, dict[int, _Bit]] = {}
        for port, wire in bel.wires.items():
            name, _, number = port.rpartition("_")
            is_bit = number.isdigit() and f"{name}_0" in bel.wires
            stem = name if is_bit else port
            net = self._net(wire, "1" if port in _ENABLES else "0")
            buses.setdefault(stem, {})[int(number) if is_bit else 0] = net
        return {name: [nets[bit] for bit in sorted(nets)] for name, nets in buses.items()}

    def _block_ram(self, bel: Bel, held: Mapping[str, int]) -> None:
        pins, kind = self._pins_of(bel), "SB_RAM40_4K"
        for port, ending, clock in (("NEG_CLK_R", "NR", "RCLK"), ("NEG_CLK_W", "NW", "WCLK")):
            if held[port]:
                kind += ending
                pins[f"{clock}N"] = pins.pop(clock)
        parameters = {name: f"{held[name]:032b}" for name in ("READ_MODE", "WRITE_MODE")}
        for row, bits in enumerate(self._bits.content[bel.x, bel.y]):
            parameters[f"INIT_{row:X}"] = "".join(map(str, bits[::-1].tolist()))
        self._add(bel, kind, parameters, pins)

    def _single_port_ram(self, bel: Bel, held: Mapping[str, int]) -> None:
        self._add(bel, "SB_SPRAM256KA", {}, self._pins_of(bel))

    def _multiplier(self, bel: Bel, held: Mapping[str, int]) -> None:
        indices = setting_indices(self._chip, bel)
        parameters = {name: f"{held[name]:0{len(at)}b}" for name, at in indices.items()}
        self._add(bel, "SB_MAC16", parameters, self._pins_of(bel))

    def _buffer(self, bel: Bel, held: Mapping[str, int]) -> None:
        if self._chip.padin[bel.x, bel.y] not in self._bits.extra:
            self._add(bel, "SB_GB", {}, self._pins_of(bel))

    def _pll(self, bel: Bel, held: Mapping[str, int], pads: Mapping[str, int]) -> None:
        if held["PLLTYPE"] not in _PLL_TYPES or held["FEEDBACK_PATH"] != _SIMPLE:
            raise BitstreamError(
                f"the PLL is of type {held['PLLTYPE']} with feedback {held['FEEDBACK_PATH']}: only "
                "those of one output with simple feedback can be simulated."
            )
        kind, clock = _PLL_TYPES[held["PLLTYPE"]]
        parameters = {name: f"{held[name]:0{width}b}" for name, width in _BITS.items()}
        pins = {port: [self._net(bel.wires[port])] for port in ("LOCK", "BYPASS", "RESETB")}
        pins["PLLOUTGLOBAL"] = [self._net(bel.wires["PLLOUT_A_GLOBAL"])]
        pins["PLLOUTCORE"] = [self._net(bel.wires["PLLOUT_A"])]
        if clock == "PACKAGEPIN":
            out = bel.wires["PLLOUT_A"]
            pad = next(b for b in self._chip.bels if b.kind == PIN and b.wires["D_IN_0"] == out)
            if pad.name not in pads:
                raise BitstreamError(f"the PLL takes its clock from {pad.name}, which is no port.")
            pins[clock] = [pads[pad.name]]
        else:
            pins[clock] = [self._net(bel.wires[clock])]
        self._add(bel, kind, {"FEEDBACK_PATH": "SIMPLE", **parameters}, pins)

    @cached_property
    def _pll_outputs(self) -> set[int]:
        return {bel.wires["PLLOUT_A"] for bel, _ in self._used.cells if bel.kind == PLL}

    def _pin(self, bel: Bel, held: Mapping[str, int], pad: int) -> None:
        if bel.wires["D_IN_0"] in self._pll_outputs:
            return  # the pin passes on the output of the PLL
        parameters = {
            "PIN_TYPE": f"{held['PIN_TYPE']:06b}",
            "NEG_TRIGGER": str(int(held["NEG_TRIGGER"] > 0)),
            "PULLUP": str(int(not held.get("NO_PULL_UP", 1))),
        }
        pins = self._pins_of(bel)
        pins.pop("GLOBAL_BUFFER_OUTPUT", None)
        for port in ("D_IN", "D_OUT"):
            for number, net in enumerate(pins.pop(port)):
                pins[f"{port}_{number}"] = [net]
        self._add(bel, "SB_IO", parameters, {**pins, "PACKAGE_PIN": [pad]})


def _read_inputs(init: int, inputs: Sequence[_Bit]) -> list[_Bit]:
    """Return the inputs of a look-up table, with 0 for inputs that do not change its output.

    A carry has the same inputs, possibly the table's own output, which a simulator would treat as a
    loop.
    """
    possible = [
        index
        for index in range(16)
        if all(net != "0" or not index >> pin & 1 for pin, net in enumerate(inputs))
    ]
    return [
        net if any((init >> index ^ init >> (index ^ 1 << pin)) & 1 for index in possible) else "0"
        for pin, net in enumerate(inputs)
    ]
