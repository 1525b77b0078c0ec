# SPDX-License-Identifier: BSD-2-Clause
"""Simulates many runs of a circuit at once."""

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
