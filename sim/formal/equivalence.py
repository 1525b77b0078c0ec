# SPDX-License-Identifier: BSD-2-Clause
"""Shows by SAT, for all inputs and any number of cycles, that a fault changes nothing observed."""

from collections.abc import Iterable, Mapping

from .circuit import Circuit
from .drawing import CONTROL
from .invariant import Invariant
from .mining import mine
from .sat import CADICAL
from .unroll import Formula, Unrolling

CYCLES = 6
"""Cycles in which the circuit runs without the fault before the two are compared."""


def is_equivalent(
    circuit: Circuit,
    number: int,
    observed: Iterable[int],
    *,
    held: Mapping[str, int] | None = None,
    hidden: bool = False,
    mined: bool = False,
) -> bool:
    """Whether a fault changes no register and nothing observed, in any cycle.

    From any state the circuit runs without the fault for some cycles, and then a cycle with the
    same inputs with and without it. If nothing can differ then, and nothing in as many cycles from
    the initial state, nothing ever does.

    Parameters
    ----------
    number : the value of the input `CONTROL` that selects the fault.
    observed : literals that must never differ, such as those of properties or outputs.
    held : inputs with a fixed value in every cycle.
    hidden : registers may differ if none of the others, and nothing observed, depends on that.
    mined : the states from which the circuit runs satisfy the invariant of `mine`.
    """
    pair = _Pair(circuit, number, tuple(observed), held or {}, mined)
    while not (differing := pair.differing()) <= pair.apart:
        if not hidden or pair.OBSERVED in differing:
            return False
        pair.apart |= differing
    return True


class _Pair:
    """A circuit without and with a fault; the registers in `apart` may differ between the two."""

    OBSERVED = -1

    def __init__(
        self,
        circuit: Circuit,
        number: int,
        observed: tuple[int, ...],
        held: Mapping[str, int],
        mined: bool,
    ) -> None:
        self.circuit, self.held, self.observed = circuit, {**held, CONTROL: 0}, observed
        self.selected = {
            literal: number >> bit & 1 for bit, literal in enumerate(circuit.inputs[CONTROL])
        }
        self.invariant = mine(circuit, self.held) if mined else Invariant()
        self.apart: set[int] = set()

    def differing(self) -> set[int]:
        """Return registers that differ in some cycle if those in `apart` do, or `OBSERVED`.

        With none that is new, all is shown.
        """
        for anywhere, several in ((False, range(CYCLES)), (True, (CYCLES,))):
            for cycles in several:
                found = self._differing_after(cycles, anywhere)
                if found:
                    return found
        return set()

    def _differing_after(self, cycles: int, anywhere: bool) -> set[int]:
        """Return what differs after some cycles without the fault, and one more with and without.

        `anywhere` lets the first cycle begin in any state.
        """
        circuit = self.circuit
        with Formula(CADICAL) as formula:
            run = Unrolling(circuit, formula, held=self.held, free=lambda register: anywhere)
            if anywhere:
                run.state = self.invariant.assume(formula, run.state, ())
            for _ in range(cycles):
                run.assume(run.step())
            state = list(run.state)
            right = run.step()
            run.assume(right)
            known = {0: 0}
            for literal, value in (run.inputs[-1] | self.selected).items():
                known[literal >> 1] = value
            for position, register in enumerate(circuit.registers):
                apart = position in self.apart
                known[register.node] = formula.new() if apart else state[position]
            for node, a, b in circuit.gates:
                known[node] = formula.both(known[a >> 1] ^ (a & 1), known[b >> 1] ^ (b & 1))

            def differ(literal: int) -> int:
                return formula.differ(right(literal), known[literal >> 1] ^ (literal & 1))

            differ_at = {
                position: differ(register.following)
                for position, register in enumerate(circuit.registers)
                if position not in self.apart
            }
            differ_at[self.OBSERVED] = formula.any_of(map(differ, self.observed))
            found: set[int] = set()
            while formula.is_possible(formula.any_of(differ_at.values())):
                found |= {place for place, literal in differ_at.items() if formula.value(literal)}
                differ_at = {key: one for key, one in differ_at.items() if key not in found}
            return found
