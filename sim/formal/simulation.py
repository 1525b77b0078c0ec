# SPDX-License-Identifier: BSD-2-Clause
"""Simulates a circuit, of many runs at once, and writes a run as a table of its signals."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from .circuit import Circuit

Values = Callable[[int], int]
"""Returns the values of a literal of the circuit in one cycle, a bit per run."""


def simulate(
    circuit: Circuit,
    state: Sequence[int],
    inputs: Iterator[Mapping[int, int]],
    runs: int = 1,
) -> Iterator[tuple[Sequence[int], Values]]:
    """Simulate cycle by cycle; yields the registers' values and those of every literal.

    Parameters
    ----------
    state : values of the registers in the first cycle, in the order of the circuit; bit r is that
        of run r.
    inputs : of each cycle the values of every input's literals; the simulation ends with them.
    """
    every = (1 << runs) - 1
    for cycle in inputs:
        known = {0: 0, **{literal >> 1: value for literal, value in cycle.items()}}
        for register, value in zip(circuit.registers, state, strict=True):
            known[register.node] = value
        for node, a, b in circuit.gates:
            known[node] = (known[a >> 1] ^ (every if a & 1 else 0)) & (
                known[b >> 1] ^ (every if b & 1 else 0)
            )

        def values(literal: int, known: dict[int, int] = known) -> int:
            return known[literal >> 1] ^ (every if literal & 1 else 0)

        yield state, values
        state = [values(register.following) for register in circuit.registers]


def table(circuit: Circuit, frames: Sequence[Values], signals: Sequence[str] = ()) -> str:
    """Return the signals of a single run, a line each with its value in every cycle.

    A value is written when it changes, in hexadecimal. `signals` are the beginnings of names; none
    stands for all.
    """
    names = [
        name
        for name in circuit.signals
        if not signals or any(name.startswith(beginning) for beginning in signals)
    ]
    wide = max(map(len, names), default=0)
    lines = [" " * wide + "".join(f"{cycle:>5}" for cycle in range(len(frames)))]
    for name in sorted(names):
        before, cells = None, []
        for values in frames:
            literals = circuit.signals[name]
            word = sum(values(literal) << number for number, literal in enumerate(literals))
            cells.append(f"{word:>5x}" if word != before else "    .")
            before = word
        lines.append(name.ljust(wide) + "".join(cells))
    return "\n".join(lines)
