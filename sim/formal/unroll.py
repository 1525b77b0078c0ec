# SPDX-License-Identifier: BSD-2-Clause
"""A circuit over several cycles as one formula; the solver gets the parts that matter."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypedDict

from pysat.solvers import Solver  # type: ignore[import-untyped]

from .circuit import Circuit, Register
from .drawing import CONTROL

FALSE, TRUE = 0, 1

Frame = Callable[[int], int]
"""Returns the literal of the formula for a literal of the circuit in one cycle."""


class Setting(TypedDict, total=False):
    """What the inputs and the registers of a run are given.

    `held` are inputs with a fixed value in every cycle, such as {"rst": 0}; `constants` are inputs
    that keep a value, whatever it is; all others are free. `start` are bits (name, number) of
    registers that begin with the value of a bit of a constant input.
    """

    held: Mapping[str, int]
    constants: Iterable[str]
    start: Mapping[tuple[str, int], tuple[str, int]]


class Formula:
    """A network of AND gates with structural hashing, emitted as clauses to a SAT solver.

    Its literals are those of `circuit`: even for a node, odd for the inverted node.

    Parameters
    ----------
    engine : the solver's name in python-sat, "cadical195" for CaDiCaL 1.9.5.
    """

    def __init__(self, engine: str) -> None:
        self._solver: Any = Solver(name=engine)
        self._count = 1
        #: The operands of each gate, whose nodes have lower numbers than its own.
        self.gates: dict[int, tuple[int, int]] = {}
        self._known: dict[tuple[int, int], int] = {}
        self._emitted: set[int] = set()
        self._model: set[int] = set()

    def __enter__(self) -> "Formula":
        return self

    def __exit__(self, *_: object) -> None:
        self._solver.delete()

    @property
    def size(self) -> int:
        """Variables that the solver has got."""
        return len(self._emitted)

    def new(self) -> int:
        """Return a literal of any value."""
        self._count += 1
        return 2 * (self._count - 1)

    def both(self, a: int, b: int) -> int:
        """Return the literal of `a` AND `b`."""
        if a > b:
            a, b = b, a
        if a == FALSE or a ^ 1 == b:
            return FALSE
        if a in (TRUE, b):
            return b
        gate = self._known.get((a, b))
        if gate is None:
            gate = self._simplified(a, b)
            self._known[a, b] = gate
        return gate

    def _simplified(self, a: int, b: int) -> int:
        for one, other in ((a, b), (b, a)):
            operands = self.gates.get(one >> 1)
            if operands is None:
                continue
            if not one & 1:  # (x & y) & other
                if other in operands:
                    return one
                if other ^ 1 in operands:
                    return FALSE
            else:  # ~(x & y) & other
                if other ^ 1 in operands:
                    return other
                if other in operands:
                    rest = operands[0] if operands[1] == other else operands[1]
                    return self.both(other, rest ^ 1)
        literal = self.new()
        self.gates[literal >> 1] = (a, b)
        return literal

    def either(self, a: int, b: int) -> int:
        """Return the literal of `a` OR `b`."""
        return self.both(a ^ 1, b ^ 1) ^ 1

    def differ(self, a: int, b: int) -> int:
        """Return the literal of `a` XOR `b`."""
        return self.either(self.both(a, b ^ 1), self.both(a ^ 1, b))

    def choose(self, condition: int, a: int, b: int) -> int:
        """Return the literal of `a` if `condition`, else of `b`."""
        if a == b:
            return a
        return self.either(self.both(condition, a), self.both(condition ^ 1, b))

    def any_of(self, literals: Iterable[int]) -> int:
        """Return the literal of the OR of `literals`."""
        result = FALSE
        for literal in literals:
            result = self.either(result, literal)
        return result

    def equals(self, literals: Sequence[int], number: int) -> int:
        """Return the literal that says that `literals`, the lowest bit first, are this number."""
        result = TRUE
        for bit, literal in enumerate(literals):
            result = self.both(result, literal ^ 1 ^ (number >> bit & 1))
        return result

    def _emit(self, literal: int) -> int:
        """Give the solver all gates that `literal` depends on; returns its signed variable."""
        stack = [literal >> 1]
        while stack:
            node = stack.pop()
            if node in self._emitted:
                continue
            self._emitted.add(node)
            operands = self.gates.get(node)
            if operands is not None:
                a, b = map(_signed, operands)
                for clause in ([-node, a], [-node, b], [node, -a, -b]):
                    self._solver.add_clause(clause)
                stack += [operand >> 1 for operand in operands]
        return _signed(literal)

    def require(self, literal: int) -> None:
        """Add the constraint that `literal` is true."""
        if literal == FALSE:
            self._solver.add_clause([])
        elif literal != TRUE:
            self._solver.add_clause([self._emit(literal)])

    def is_possible(self, *literals: int) -> bool:
        """Whether all constraints and `literals` can be true together; `value` then knows how."""
        if FALSE in literals:
            return False
        assumptions = [self._emit(literal) for literal in literals if literal != TRUE]
        if not self._solver.solve(assumptions=assumptions):
            return False
        self._model = {variable for variable in self._solver.get_model() if variable > 0}
        return True

    def value(self, literal: int) -> int:
        """Return the value, 0 or 1, that the last answer of the solver gives to `literal`.

        A node without a value in that answer is 0.
        """
        if literal <= TRUE:
            return literal
        node = literal >> 1
        if node not in self._emitted and node in self.gates:
            a, b = self.gates[node]
            return (self.value(a) & self.value(b)) ^ (literal & 1)
        return (node in self._model) ^ (literal & 1)

    def number(self, literals: Sequence[int]) -> int:
        """Return the number that `literals`, the lowest bit first, are in that answer."""
        return sum(self.value(literal) << bit for bit, literal in enumerate(literals))


def _signed(literal: int) -> int:
    return -(literal >> 1) if literal & 1 else literal >> 1


class Unrolling:
    """The cycles of a circuit in a formula, one behind the other.

    Parameters
    ----------
    held, constants, start : see `Setting`.
    free : whether a register may have any value in the first cycle; by default those without an
        initial value.
    choices : inputs that keep one of these values in all cycles.
    """

    def __init__(
        self,
        circuit: Circuit,
        formula: Formula,
        *,
        held: Mapping[str, int] | None = None,
        constants: Iterable[str] = (),
        free: Callable[[Register], bool] = lambda register: False,
        start: Mapping[tuple[str, int], tuple[str, int]] | None = None,
        choices: Mapping[str, Collection[int]] | None = None,
    ) -> None:
        self.circuit, self.formula = circuit, formula
        held, choices = held or {}, choices or {}
        constants = (*constants, *choices)
        unknown = {*held, *constants} - circuit.inputs.keys()
        if unknown:
            raise ValueError(f"the circuit has no inputs {sorted(unknown)}: {list(circuit.inputs)}")
        self._fixed = {
            literal: held[name] >> number & 1
            for name in held
            for number, literal in enumerate(circuit.inputs[name])
        }
        for name in constants:
            for literal in circuit.inputs[name]:
                self._fixed.setdefault(literal, formula.new())
        for name, values in choices.items():
            formula.require(formula.any_of(self.equals(name, value) for value in sorted(values)))
        #: The literals of the registers in the next cycle, in the order of the circuit.
        self.state = [
            formula.new() if register.initial is None or free(register) else register.initial
            for register in circuit.registers
        ]
        self._stored = set[int]()
        for number, register in enumerate(circuit.registers):
            for alias in register.names:
                if start and alias in start:
                    source, bit = start[alias]
                    self.state[number] = self._fixed[circuit.inputs[source][bit]]
                    self._stored.add(number)
        self.first_state = self.state
        self.inputs: list[dict[int, int]] = []
        """Each cycle's literals of the formula, by the input's literal of the circuit."""

    def equals(self, name: str, number: int) -> int:
        """Return the literal that says that a constant input has this value."""
        return self.formula.equals(self._constant(name), number)

    def value(self, name: str) -> int:
        """Return the value of a constant input in the last answer of the solver."""
        return self.formula.number(self._constant(name))

    def _constant(self, name: str) -> list[int]:
        return [self._fixed[literal] for literal in self.circuit.inputs[name]]

    def reset(self) -> None:
        """Let a cycle with `rst`, in any state, come before the first one.

        Registers that a reset keeps may have any value then, and those of `start` keep theirs.
        """
        fixed, first = self._fixed, self.state
        self._fixed = {**fixed, self.circuit.inputs["rst"][0]: 1}
        self.state = [
            literal if number in self._stored else self.formula.new()
            for number, literal in enumerate(first)
        ]
        self.step()
        self.inputs.clear()
        self._fixed = fixed
        sound = {CONTROL: 0} if CONTROL in self.circuit.inputs else {}
        for number in kept_by_reset(self.circuit, sound):
            self.state[number] = first[number] if number in self._stored else self.formula.new()
        self.first_state = self.state

    def step(self, inputs: dict[int, int] | None = None) -> Frame:
        """Add a cycle, whose inputs have these literals, or the values of the setting."""
        circuit, formula = self.circuit, self.formula
        inputs = inputs or {
            literal: self._fixed[literal] if literal in self._fixed else formula.new()
            for literals in circuit.inputs.values()
            for literal in literals
        }
        self.inputs.append(inputs)
        known = {0: FALSE, **{literal >> 1: inputs[literal] for literal in inputs}}
        for register, literal in zip(circuit.registers, self.state, strict=True):
            known[register.node] = literal
        both = formula.both
        for node, a, b in circuit.gates:
            known[node] = both(known[a >> 1] ^ (a & 1), known[b >> 1] ^ (b & 1))

        def frame(literal: int) -> int:
            return known[literal >> 1] ^ (literal & 1)

        self.state = [frame(register.following) for register in circuit.registers]
        return frame

    def violated(self, frame: Frame) -> int:
        """Return the literal that says that an assertion fails in this cycle."""
        return self.formula.any_of(frame(one.condition) ^ 1 for one in self.circuit.asserts)

    def assume(self, frame: Frame) -> None:
        """Add the assumptions of the circuit in this cycle as constraints."""
        for one in self.circuit.assumes:
            self.formula.require(frame(one.condition))


def kept_by_reset(circuit: Circuit, held: Mapping[str, int] | None = None) -> set[int]:
    """Return the numbers of the registers that a cycle with `rst` leaves at any value.

    `held` are further inputs with a fixed value.
    """
    with Formula("cadical195") as formula:
        held = {**(held or {}), "rst": 1}
        run = Unrolling(circuit, formula, held=held, free=lambda register: True)
        run.step()
        return {
            number
            for number, register in enumerate(circuit.registers)
            if run.state[number] != register.initial
        }
