# SPDX-License-Identifier: BSD-2-Clause
"""Shows by ABC, for all inputs and any number of cycles, that a fault changes no output."""

from collections.abc import Iterable
from itertools import chain

from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.flow.toolchain import run_yosys

from .circuit import Circuit
from .drawing import CONTROL

# ABC merges the registers that are equal in all cycles (lcorr), and then other signals (scorr),
# which often leaves no gate. Else it looks for an invariant with which the outputs are equal (pdr).
_SCRIPT = """
write_blif gate.blif
read_aiger miter.aig
strash
lcorr
scorr
write_aiger rest.aig
pdr
write_status status.txt
read_blif gate.blif
strash
map
"""

# Yosys runs ABC only for gates.
_GATE = "module top(input a, output y); assign y = ~a; endmodule"


def is_equivalent(circuit: Circuit, number: int, observed: Iterable[int]) -> bool:
    """Whether the literals `observed` are the same with and without a fault, in every cycle.

    The circuit with the fault and the one without start in the same state, and have the same
    inputs. `number` is the value of the input `CONTROL` that selects the fault. The search for a
    proof may take any time. Raises ToolError.
    """
    miter = _Miter(circuit, number, observed)
    with temporary_folder() as folder:
        (folder / "miter.aig").write_bytes(miter.aiger())
        (folder / "script").write_text(_SCRIPT)
        (folder / "gate.v").write_text(_GATE)
        run_yosys(folder, ["read_verilog gate.v", "simplemap", "abc -script script"])
        head, *lines = (folder / "rest.aig").read_bytes().splitlines()
        output = lines[int(head.split()[3])]  # behind the registers
        return output == b"0" or (folder / "status.txt").read_text().startswith("snl_UNSAT")


class _Miter:
    """A circuit twice, without and with a fault, and an output that says whether they differ."""

    def __init__(self, circuit: Circuit, number: int, observed: Iterable[int]) -> None:
        ports = [port for name, port in circuit.inputs.items() if name != CONTROL]
        bits = list(chain.from_iterable(ports))
        free = [register for register in circuit.registers if register.initial is None]
        self._inputs = len(bits) + len(free)
        self._gates: list[tuple[int, int]] = []
        self._following: list[int] = [1]  # the first register says that a first cycle has been
        self._first_gate = 1 + self._inputs + 1 + 2 * len(circuit.registers)
        inputs = iter(range(2, 2 + 2 * self._inputs, 2))
        self._shared = {literal >> 1: next(inputs) for literal in bits}
        self._begin = {register.node: next(inputs) for register in free}
        pair = [self._copy(circuit, selected) for selected in (0, number)]
        differ = 0
        for literal in observed:
            a, b = (copy[literal >> 1] ^ literal & 1 for copy in pair)
            differ = self._or(differ, self._or(self._and(a, b ^ 1), self._and(a ^ 1, b)))
        self._differ = differ

    def _copy(self, circuit: Circuit, selected: int) -> dict[int, int]:
        """Add a copy of the circuit; return the literal of each of its nodes."""
        literals = {0: 0} | self._shared
        for position, literal in enumerate(circuit.inputs[CONTROL]):
            literals[literal >> 1] = selected >> position & 1
        running = 2 * (1 + self._inputs)
        begin = running + 2 * len(self._following)
        for position, register in enumerate(circuit.registers):
            value = begin + 2 * position
            if register.initial is None:
                first = self._and(running ^ 1, self._begin[register.node])
                value = self._or(self._and(running, value), first)
            # A register of AIGER begins at 0.
            literals[register.node] = value ^ (register.initial == 1)
        for node, a, b in circuit.gates:
            a, b = (literals[one >> 1] ^ one & 1 for one in (a, b))
            literals[node] = self._and(a, b)
        for register in circuit.registers:
            value = literals[register.following >> 1] ^ register.following & 1
            self._following.append(value ^ (register.initial == 1))
        return literals

    def _and(self, a: int, b: int) -> int:
        a, b = max(a, b), min(a, b)
        if b == 0 or a == b ^ 1:
            return 0
        if b == 1 or a == b:
            return a
        self._gates.append((a, b))
        return 2 * (self._first_gate + len(self._gates) - 1)

    def _or(self, a: int, b: int) -> int:
        return self._and(a ^ 1, b ^ 1) ^ 1

    def aiger(self) -> bytes:
        """Return the file in the binary format of AIGER 1.9."""
        registers = len(self._following)
        last = self._first_gate + len(self._gates) - 1
        head = f"aig {last} {self._inputs} {registers} 1 {len(self._gates)}"
        lines = [head, *map(str, self._following), str(self._differ)]
        gates = bytearray()
        for number, (a, b) in enumerate(self._gates, self._first_gate):
            for difference in (2 * number - a, a - b):
                while difference > 127:
                    gates.append(difference & 127 | 128)
                    difference >>= 7
                gates.append(difference)
        return "\n".join([*lines, ""]).encode() + gates
