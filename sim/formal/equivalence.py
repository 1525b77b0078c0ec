# SPDX-License-Identifier: BSD-2-Clause
"""Shows by SAT, for all inputs and any number of cycles, that a fault changes nothing observed."""

from collections.abc import Iterable, Iterator

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
    hidden : registers may differ if none of the others, and nothing observed, depends on that.
    mined : the states from which the circuit runs satisfy the invariant of `mine`.
    """
    pair = _Pair(circuit, {number}, tuple(observed), mined)
    while not (differing := pair.differing()) <= pair.may_differ:
        if not hidden or pair.OBSERVED in differing:
            return False
        pair.may_differ |= differing
    return True


def equivalent_faults(
    circuit: Circuit, numbers: Iterable[int], observed: Iterable[int], *, mined: bool = False
) -> set[int]:
    """Return the numbers of faults that are equivalent; see `is_equivalent` for the parameters."""
    pair = _Pair(circuit, set(numbers), tuple(observed), mined)
    pair.drop_differing()
    return pair.numbers


class _Pair:
    """A circuit without a fault and with one of `numbers`; registers in `may_differ` may differ."""

    OBSERVED = -1

    def __init__(
        self, circuit: Circuit, numbers: set[int], observed: tuple[int, ...], mined: bool
    ) -> None:
        self.circuit, self.numbers, self.observed = circuit, numbers, observed
        self.invariant = mine(circuit, {CONTROL: 0}) if mined else Invariant()
        self.may_differ: set[int] = set()

    def differing(self) -> set[int]:
        """Return registers that differ in some cycle if those in `may_differ` do, or `OBSERVED`.

        With none that is new, all is shown.
        """
        for formula, differ_at, _ in self._comparisons():
            differing: set[int] = set()
            while formula.is_possible(formula.any_of(differ_at.values())):
                differing |= {key for key, literal in differ_at.items() if formula.value(literal)}
                differ_at = {key: one for key, one in differ_at.items() if key not in differing}
            if differing:
                return differing
        return set()

    def drop_differing(self) -> None:
        """Drop the numbers of faults with which something differs in some cycle."""
        for formula, differ_at, control in self._comparisons():
            differ = formula.any_of(differ_at.values())
            while formula.is_possible(differ):
                number = formula.number(control)
                self.numbers.remove(number)
                formula.require(formula.equals(control, number) ^ 1)

    def _comparisons(self) -> Iterator[tuple[Formula, dict[int, int], list[int]]]:
        """Give what may differ after some cycles without a fault and one more with and without.

        The first of the cycles begins in the initial state or, in the last comparison, in any state
        with the invariant. With the formula come the literals that say what differs, by the number
        of the register, and those of `CONTROL`.
        """
        for anywhere, several in ((False, range(CYCLES)), (True, (CYCLES,))):
            for cycles in several:
                with Formula(CADICAL) as formula:
                    yield formula, *self._compare(formula, cycles, anywhere)

    def _compare(
        self, formula: Formula, cycles: int, anywhere: bool
    ) -> tuple[dict[int, int], list[int]]:
        circuit = self.circuit
        run = Unrolling(circuit, formula, held={CONTROL: 0}, free=lambda register: anywhere)
        if anywhere:
            run.state = self.invariant.assume(formula, run.state, ())
        for _ in range(cycles):
            run.assume(run.step())
        state = list(run.state)
        right = run.step()
        run.assume(right)
        control = [formula.new() for _ in circuit.inputs[CONTROL]]
        formula.require(formula.any_of(formula.equals(control, n) for n in sorted(self.numbers)))
        selected = dict(zip(circuit.inputs[CONTROL], control, strict=True))
        known = {0: 0}
        for literal, value in (run.inputs[-1] | selected).items():
            known[literal >> 1] = value
        for position, register in enumerate(circuit.registers):
            differs = position in self.may_differ
            known[register.node] = formula.new() if differs else state[position]
        for node, a, b in circuit.gates:
            known[node] = formula.both(known[a >> 1] ^ (a & 1), known[b >> 1] ^ (b & 1))

        def differ(literal: int) -> int:
            return formula.differ(right(literal), known[literal >> 1] ^ (literal & 1))

        differ_at = {
            position: differ(register.following)
            for position, register in enumerate(circuit.registers)
            if position not in self.may_differ
        }
        differ_at[self.OBSERVED] = formula.any_of(map(differ, self.observed))
        return differ_at, control
