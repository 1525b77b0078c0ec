# SPDX-License-Identifier: BSD-2-Clause
"""An invariant of registers: bits that are equal, constants, and implications."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .circuit import Circuit, Register
from .unroll import FALSE, TRUE, Formula

_TOGETHER = "together: "
"""Begins the head of a table in the text of an invariant."""

Member = tuple[int, int]
"""The number of a register in the circuit, and 1 if it is inverted."""


@dataclass(frozen=True)
class Implication:
    """If register `valid` is 1, `bit` equals `other`, or `value` where there is no other.

    With another one `value` 1 says that they differ.
    """

    valid: int
    bit: int
    other: int | None
    value: int


@dataclass
class Table:
    """The values that a few registers may have together, a bit of each register."""

    registers: tuple[int, ...]
    rows: set[tuple[int, ...]] = field(default_factory=set)

    def add(self, values: Sequence[int]) -> None:
        """Allow what these registers have in `values` of all registers."""
        self.rows.add(tuple(values[number] for number in self.registers))

    def broken(self, formula: Formula, state: Sequence[int]) -> int:
        """Return the literal that says that the registers have other values."""
        patterns = []
        for row in sorted(self.rows):
            literal = TRUE
            for number, value in zip(self.registers, row, strict=True):
                literal = formula.both(literal, state[number] ^ 1 ^ value)
            patterns.append(literal)
        return formula.any_of(patterns) ^ 1


@dataclass
class Invariant:
    """Classes of registers that are equal or inverse to one another, implications, and tables.

    The members of the first class are 0, and 1 where inverted.
    """

    zero: list[Member] = field(default_factory=list)
    classes: list[list[Member]] = field(default_factory=list)
    implications: set[Implication] = field(default_factory=set)
    tables: list[Table] = field(default_factory=list)

    @property
    def size(self) -> str:
        """How many statements there are."""
        equal = sum(len(members) - 1 for members in self.classes)
        rows = sum(len(table.rows) for table in self.tables)
        return (
            f"{len(self.zero)} constants, {equal} equalities, {len(self.implications)} implications"
            + (f", {rows} rows of tables" if rows else "")
        )

    def copy(self) -> "Invariant":
        """Return a copy that may be weakened."""
        tables = [Table(table.registers, set(table.rows)) for table in self.tables]
        return Invariant(list(self.zero), list(self.classes), set(self.implications), tables)

    def assume(self, formula: Formula, state: list[int], registers: Iterable[int]) -> list[int]:
        """Return `state` with any values of `registers` that satisfy the invariant."""
        state = list(state)
        for number in registers:
            state[number] = formula.new()
        for members, literal in [
            (self.zero, FALSE),
            *((members, formula.new()) for members in self.classes),
        ]:
            for number, inverted in members:
                state[number] = literal ^ inverted
        for one in self.implications:
            formula.require(self._broken(formula, state, one) ^ 1)
        for table in self.tables:
            formula.require(table.broken(formula, state) ^ 1)
        return state

    def violated(self, formula: Formula, state: Sequence[int]) -> int:
        """Return the literal that says that `state` does not satisfy the invariant."""
        broken = [state[number] ^ inverted for number, inverted in self.zero]
        for (first, inverted_first), *members in self.classes:
            one = state[first] ^ inverted_first
            broken += [formula.differ(state[n] ^ inverted, one) for n, inverted in members]
        broken += [self._broken(formula, state, one) for one in self.implications]
        broken += [table.broken(formula, state) for table in self.tables]
        return formula.any_of(broken)

    def _broken(self, formula: Formula, state: Sequence[int], one: Implication) -> int:
        other = FALSE if one.other is None else state[one.other]
        return formula.both(state[one.valid], formula.differ(state[one.bit], other) ^ one.value)

    def weaken(self, values: Sequence[int]) -> None:
        """Drop what does not hold for these values of the registers."""
        classes = []
        stays = [member for member in self.zero if values[member[0]] == member[1]]
        classes.append([member for member in self.zero if values[member[0]] != member[1]])
        self.zero = stays
        for members in self.classes:
            for value in (0, 1):
                classes.append([m for m in members if values[m[0]] ^ m[1] == value])
        self.classes = [members for members in classes if len(members) > 1]
        self.implications = {
            one
            for one in self.implications
            if not values[one.valid]
            or values[one.bit] ^ (0 if one.other is None else values[one.other]) == one.value
        }
        for table in self.tables:
            table.add(values)

    def drop_refuted(
        self, formula: Formula, state: Sequence[int], condition: int = TRUE
    ) -> list[list[int]]:
        """Drop what need not hold for `state` where `condition` is true; returns what showed it."""
        broken = []
        while formula.is_possible(formula.both(condition, self.violated(formula, state))):
            broken.append([formula.value(literal) for literal in state])
            self.weaken(broken[-1])
        return broken

    def write(self, circuit: Circuit) -> str:
        """Return the invariant as text, a statement per line; `~` inverts a bit."""
        names = {number: label(register) for number, register in enumerate(circuit.registers)}

        def named(member: Member) -> str:
            return "~" * member[1] + names[member[0]]

        lines = [f"{named(member)} = 0" for member in self.zero]
        for members in self.classes:
            # The first one is not inverted.
            flip = min(members, key=lambda m: names[m[0]])[1]
            lines.append(" = ".join(sorted((named((n, i ^ flip)) for n, i in members), key=_plain)))
        for one in self.implications:
            right = str(one.value)
            if one.other is not None:
                right = named((one.other, one.value))
            lines.append(f"{names[one.valid]} implies {names[one.bit]} = {right}")
        lines.sort(key=_plain)
        for table in self.tables:
            lines.append(_TOGETHER + " ".join(names[number] for number in table.registers))
            lines += ["".join(map(str, row)) for row in sorted(table.rows)]
        return "\n".join(lines) + "\n"

    @classmethod
    def read(cls, text: str, circuit: Circuit, every: bool = True) -> "Invariant":
        """Read what `write` wrote.

        Raises KeyError for a register that the circuit lacks; without `every` it drops what is
        said of such registers.
        """
        numbers = {label(register): n for n, register in enumerate(circuit.registers)}

        def member(name: str) -> Member:
            return numbers[name.lstrip("~")], int(name.startswith("~"))

        result = cls()
        for line in text.splitlines():
            if line.startswith("#") or not line:
                continue
            if line.startswith(_TOGETHER):
                registers = line.removeprefix(_TOGETHER).split(" ")
                result.tables.append(Table(tuple(numbers[name] for name in registers)))
                continue
            if result.tables:
                result.tables[-1].rows.add(tuple(map(int, line)))
                continue
            valid, implies, rest = line.rpartition(" implies ")
            terms = rest.split(" = ")
            if not every:
                terms = [term for term in terms if term in "01" or term.lstrip("~") in numbers]
                if len(terms) < 2 or (implies and valid not in numbers):
                    continue
            if implies:
                other, value = (None, int(terms[1])) if terms[1] in "01" else member(terms[1])
                one = Implication(numbers[valid], numbers[terms[0]], other, value)
                result.implications.add(one)
            elif terms[1:] == ["0"]:
                result.zero.append(member(terms[0]))
            else:
                result.classes.append([member(term) for term in terms])
        return result


def label(register: Register) -> str:
    """The name of a register's bit in the text of an invariant.

    A name that the source text has goes before one that a tool has made, and a short one first.
    """
    named_by_source = [name for name in register.names if "$" not in name[0]] or register.names
    inside = [name for name in named_by_source if "." in name[0]] or named_by_source
    name, bit = inside[0]
    return f"{name}[{bit}]"


def _plain(name: str) -> tuple[str, str]:
    return re.sub("~", "", name), name
