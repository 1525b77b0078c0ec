# SPDX-License-Identifier: BSD-2-Clause
"""Shows by SAT, for all inputs and any number of cycles, that a fault changes nothing observed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from .circuit import Circuit
from .drawing import CONTROL
from .invariant import Invariant
from .mining import mine
from .sat import CADICAL
from .unroll import Formula, Unrolling

CYCLES = 6
"""Cycles in which the circuit runs without the fault before the two are compared."""


def equivalent_faults(
    circuit: Circuit,
    numbers: Iterable[int],
    observed: Iterable[int],
    *,
    start: Collection[tuple[str, int]] = (),
    mined: bool = False,
) -> set[int]:
    """Return the numbers of faults that change no register and nothing observed, in any cycle.

    From any state the circuit runs without a fault for some cycles, and then a cycle with the same
    inputs with and without it. If nothing can differ then, and nothing in as many cycles from the
    initial state, nothing ever does.

    Parameters
    ----------
    numbers : values of the input `CONTROL` that select the faults.
    observed : literals that must never differ, such as those of properties.
    start : bits of registers that begin with any value, such as those of memories.
    mined : the states from which the circuit runs satisfy the invariant of `mine`.
    """
    left, watched = set(numbers), tuple(observed)
    registers = (
        replace(one, initial=None) if any(name in start for name in one.names) else one
        for one in circuit.registers
    )
    circuit = replace(circuit, registers=list(registers))
    invariant = mine(circuit, {CONTROL: 0}) if mined else Invariant()
    for begin, several in ((None, range(CYCLES)), (invariant, (CYCLES,))):
        for cycles in several:
            with Formula(CADICAL) as formula:
                control = [formula.new() for _ in circuit.inputs[CONTROL]]
                formula.require(formula.any_of(formula.equals(control, n) for n in sorted(left)))
                differ = _differ(circuit, formula, control, watched, cycles, begin)
                while formula.is_possible(differ):
                    number = formula.number(control)
                    left.remove(number)
                    formula.require(formula.equals(control, number) ^ 1)
    return left


def _differ(
    circuit: Circuit,
    formula: Formula,
    control: Sequence[int],
    observed: Sequence[int],
    cycles: int,
    start: Invariant | None,
) -> int:
    """Return whether anything differs with a fault in the cycle after `cycles` without it.

    The first cycle begins in a state with the invariant `start`, or in the initial one for None.
    """
    run = Unrolling(circuit, formula, held={CONTROL: 0}, free=lambda register: start is not None)
    if start is not None:
        run.state = start.assume(formula, run.state, ())
    for _ in range(cycles):
        run.assume(run.step())
    state, right = run.state, run.step()
    run.assume(right)
    selected = dict(zip(circuit.inputs[CONTROL], control, strict=True))
    run.state = state
    wrong = run.step(run.inputs[-1] | selected)
    literals = [*(register.following for register in circuit.registers), *observed]
    return formula.any_of(formula.differ(right(literal), wrong(literal)) for literal in literals)
