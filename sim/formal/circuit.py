# SPDX-License-Identifier: BSD-2-Clause
"""An Amaranth component as a circuit of AND gates, inverters and registers, made by Yosys.

A literal is an even number for a node, and the odd number above it for the inverted node. Node 0 is
the constant 0, so literal 0 is false and literal 1 is true.
"""

import json
import linecache
import re
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from amaranth.lib import wiring

from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.flow.toolchain import run_yosys
from firstspike.hdl.lib.resetless_register import FORGET_INITIAL

# Words of memories become registers. Undefined values take any value in any cycle, so no
# optimisation may choose one (-keepdc).
_SCRIPT = f"""
read_rtlil design.il
hierarchy -top {{top}}
{FORGET_INITIAL}
proc
{{change}}
flatten -noscopeinfo
opt_clean
memory_collect
memory_map
setundef -undriven -anyseq
opt -keepdc
async2sync
chformal -lower
dffunmap
opt -keepdc
techmap
opt -fast -keepdc
simplemap
dffunmap
setundef -undriven -anyseq
aigmap
clean
write_json design.json
"""

_CHECK_CELL = re.compile(
    r'cell \$check (\S+)\n((?:\s+parameter .*\n)*?)\s+parameter \\FORMAT "(.*)"'
)


class CircuitError(FirstSpikeError):
    """The design is of a kind that has no circuit."""


@dataclass(frozen=True)
class Register:
    """A flip-flop: its node, the literal of its next value, its initial value or None for any.

    `names` are all names of the signal, with the number of the bit, the shortest one first.
    """

    names: tuple[tuple[str, int], ...]
    node: int
    following: int
    initial: int | None

    def __str__(self) -> str:
        name, bit = self.names[0]
        return f"{name}[{bit}]"


@dataclass(frozen=True)
class Property:
    """The condition of an `Assert`, an `Assume` or a `Cover`, and its text or its line."""

    label: str
    condition: int


@dataclass
class Circuit:
    """A synchronous circuit with one clock; `gates` (node, a, b) are in topological order."""

    inputs: dict[str, list[int]] = field(default_factory=dict)
    outputs: dict[str, list[int]] = field(default_factory=dict)
    registers: list[Register] = field(default_factory=list)
    gates: list[tuple[int, int, int]] = field(default_factory=list)
    asserts: list[Property] = field(default_factory=list)
    assumes: list[Property] = field(default_factory=list)
    covers: list[Property] = field(default_factory=list)
    #: Every named signal: its literals, the lowest bit first.
    signals: dict[str, list[int]] = field(default_factory=dict)


def compile_circuit(design: wiring.Component | str, change: str = "", top: str = "top") -> Circuit:
    """Elaborate `design` and map it to gates.

    Parameters
    ----------
    design : a component, or RTLIL with a module `top`.
    change : commands of Yosys that change the design before it is flattened, such as a `mutate`,
        or make another module its top.

    Raises
    ------
    CircuitError : the design has latches or several clocks.
    ToolError : Yosys does not run.
    """
    text = design if isinstance(design, str) else rtlil.convert(design, name="top")
    labels = {name: message for name, _, message in _CHECK_CELL.findall(text)}
    script = _SCRIPT.format(change=change, top=top)
    (module,) = json.loads(transformed(text, script, "design.json"))["modules"].values()
    return _Reader(module, labels).circuit


def transformed(design: str, script: str, result: str) -> str:
    """Return the file `result` that a script of Yosys makes of design.il. Raises ToolError."""
    with temporary_folder() as folder:
        (folder / "design.il").write_text(design)
        run_yosys(folder, script.splitlines())
        return (folder / result).read_text()


class _Reader:
    """Reads the JSON netlist that Yosys writes into a `Circuit`."""

    def __init__(self, module: dict[str, Any], labels: dict[str, str]) -> None:
        self.circuit = circuit = Circuit()
        self._labels = labels
        self._literals: dict[int | str, int] = {"0": 0, "1": 1}
        self._count = 1
        cells = module["cells"]
        clocks = {
            tuple(cell["connections"]["C"]) for cell in cells.values() if cell["type"] == "$_DFF_P_"
        }
        if len(clocks) > 1:
            raise CircuitError("a circuit has one clock.")
        for name, port in module["ports"].items():
            if port["direction"] == "input" and tuple(port["bits"]) not in clocks:
                circuit.inputs[name] = [self._new(bit) for bit in port["bits"]]
            elif port["direction"] == "input":
                self._literals[port["bits"][0]] = 0  # the clock
        for name, cell in cells.items():
            if cell["type"] == "$anyseq":
                circuit.inputs[name] = [self._new(bit) for bit in cell["connections"]["Y"]]
        flops = [cell["connections"] for cell in cells.values() if cell["type"] == "$_DFF_P_"]
        for flop in flops:
            self._new(flop["Q"][0])
        self._read_gates(cells)
        self._read_registers(module["netnames"], flops)
        self._read_properties(cells)
        for name, net in module["netnames"].items():
            if not net["hide_name"] and all(bit in self._literals for bit in net["bits"]):
                circuit.signals[name] = [self._literals[bit] for bit in net["bits"]]
        for name, port in module["ports"].items():
            if port["direction"] == "output":
                circuit.outputs[name] = [self._literals[bit] for bit in port["bits"]]

    def _new(self, bit: int | str) -> int:
        literal = self._literals[bit] = 2 * self._count
        self._count += 1
        return literal

    def _read_gates(self, cells: dict[str, Any]) -> None:
        drivers = {}
        for cell in cells.values():
            if cell["type"] in ("$_AND_", "$_NOT_"):
                pins = cell["connections"]
                drivers[pins["Y"][0]] = [pins[pin][0] for pin in "AB" if pin in pins]
            elif cell["type"] not in ("$_DFF_P_", "$anyseq", "$assert", "$assume", "$cover"):
                raise CircuitError(f"a circuit has no cells of the kind {cell['type']}.")
        for output in TopologicalSorter(drivers).static_order():
            if output not in drivers:
                continue
            a, *second = (self._literals[bit] for bit in drivers[output])
            if not second:
                self._literals[output] = a ^ 1
            else:
                self.circuit.gates.append((self._new(output) >> 1, a, second[0]))

    def _read_registers(self, nets: dict[str, Any], flops: list[dict[str, list[Any]]]) -> None:
        names: dict[int, list[tuple[str, int]]] = {}
        initial = {}
        for name, net in nets.items():
            values = net["attributes"].get("init", "")[::-1]
            for number, bit in enumerate(net["bits"]):
                if values[number : number + 1] in ("0", "1"):
                    initial[bit] = int(values[number])
                names.setdefault(bit, []).append((name, number))
        for flop in flops:
            output = flop["Q"][0]
            self.circuit.registers.append(
                Register(
                    tuple(sorted(names[output], key=lambda name: (len(name[0]), name))),
                    self._literals[output] >> 1,
                    self._literals[flop["D"][0]],
                    initial.get(output),
                )
            )

    def _read_properties(self, cells: dict[str, Any]) -> None:
        kinds = {
            "$assert": self.circuit.asserts,
            "$assume": self.circuit.assumes,
            "$cover": self.circuit.covers,
        }
        for name, cell in cells.items():
            properties = kinds.get(cell["type"])
            if properties is None:
                continue
            condition, enable = (self._literals[cell["connections"][pin][0]] for pin in ("A", "EN"))
            if enable != 1:  # the statement is inside `m.If`: where it is not, nothing fails
                inverts = cell["type"] != "$cover"
                self.circuit.gates.append((self._count, condition ^ inverts, enable))
                condition = 2 * self._count ^ inverts
                self._count += 1
            label = self._labels.get(name) or _line_of(cell["attributes"].get("src", ""))
            properties.append(Property(label, condition))


def _line_of(source: str) -> str:
    """The line of a program at which a statement begins, for one without a message."""
    file, _, line = source.partition("|")[0].rpartition(":")
    number = int(re.match(r"\d+", line or "0")[0])  # type: ignore[index]
    return f"{linecache.getline(file, number).strip()} ({Path(file).name}:{number})"
