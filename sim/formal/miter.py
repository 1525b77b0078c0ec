# SPDX-License-Identifier: BSD-2-Clause
"""Shows by ABC, for all inputs and any number of cycles, that a fault changes no output."""

from collections.abc import Iterable

from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.flow.toolchain import run_yosys

from .circuit import Circuit
from .drawing import CONTROL
from .sat import CADICAL
from .unroll import TRUE, Formula, Unrolling

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
        with Formula(CADICAL) as formula:
            run = Unrolling(circuit, formula, held={CONTROL: 0})
            begin, frames = run.state, []
            running = formula.new()  # a register that says that a first cycle has been
            self._registers, self._following = [running], [TRUE]
            for selected in (0, number):
                registers = [formula.new() for _ in begin]
                # A register of AIGER begins at 0.
                run.state = [
                    formula.choose(running, literal, value)
                    if register.initial is None
                    else literal ^ register.initial
                    for register, literal, value in zip(
                        circuit.registers, registers, begin, strict=True
                    )
                ]
                control = {
                    literal: selected >> position & 1
                    for position, literal in enumerate(circuit.inputs[CONTROL])
                }
                frames.append(run.step(run.inputs[0] | control if run.inputs else None))
                self._registers += registers
                self._following += (
                    literal ^ (register.initial or 0)
                    for register, literal in zip(circuit.registers, run.state, strict=True)
                )
            right, wrong = frames
            self._differ = formula.any_of(
                formula.differ(right(literal), wrong(literal)) for literal in observed
            )
            free = (*run.inputs[0].values(), *begin)
            self._inputs = [literal for literal in free if literal > TRUE]
            self._gates = formula.gates

    def aiger(self) -> bytes:
        """Return the file in the binary format of AIGER 1.9."""
        leaves = [literal >> 1 for literal in (*self._inputs, *self._registers)]
        numbers = {node: number for number, node in enumerate([0, *leaves, *self._gates])}

        def renumbered(literal: int) -> int:
            return 2 * numbers[literal >> 1] + (literal & 1)

        sizes = len(self._inputs), len(self._registers), 1, len(self._gates)
        head = " ".join(map(str, ("aig", len(numbers) - 1, *sizes)))
        lines = [head, *(str(renumbered(one)) for one in (*self._following, self._differ))]
        gates = bytearray()
        for node, operands in self._gates.items():
            low, high = sorted(map(renumbered, operands))
            for difference in (2 * numbers[node] - high, high - low):
                while difference > 127:
                    gates.append(difference & 127 | 128)
                    difference >>= 7
                gates.append(difference)
        return "\n".join([*lines, ""]).encode() + gates
