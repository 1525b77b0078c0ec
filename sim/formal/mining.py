# SPDX-License-Identifier: BSD-2-Clause
"""Finds an invariant of a circuit: what random runs show, and induction over a cycle confirms."""

import random
from collections.abc import Mapping, Sequence

from .circuit import Circuit
from .invariant import Implication, Invariant
from .sat import CADICAL
from .simulation import simulate
from .unroll import Formula, Unrolling

RUNS, RUN_CYCLES = 64, 200
"""Random runs at the same time, and the cycles of each."""

MOST_REGISTERS = 250
"""Registers of the largest circuit of which `mine` tries an implication for each pair."""


def mine(circuit: Circuit, held: Mapping[str, int] | None = None) -> Invariant:
    """Return constants, equalities and implications that hold in every cycle of every run.

    `held` are inputs with a fixed value.
    """
    held = held or {}
    samples = _samples(circuit, held)
    invariant = _suggested(samples)
    _confirm_start(circuit, invariant, held)
    while _weakened(circuit, invariant, held):
        pass
    return invariant


def _samples(circuit: Circuit, held: Mapping[str, int]) -> list[int]:
    """Values of each register in random runs, a bit per run and cycle."""
    choice = random.Random(1)
    names = {literal: name for name, found in circuit.inputs.items() for literal in found}
    bits = {
        literal: held[name] >> bit & 1
        for name in held
        for bit, literal in enumerate(circuit.inputs[name])
    }
    every = (1 << RUNS) - 1

    def inputs() -> dict[int, int]:
        values = {}
        for literal, name in names.items():
            value = choice.getrandbits(RUNS)
            if name == "rst":  # seldom
                value &= choice.getrandbits(RUNS) & choice.getrandbits(RUNS)
                value &= choice.getrandbits(RUNS) & choice.getrandbits(RUNS)
            values[literal] = bits[literal] * every if literal in bits else value
        return values

    start = [
        choice.getrandbits(RUNS) if one.initial is None else one.initial * every
        for one in circuit.registers
    ]
    samples = [0] * len(start)
    frames = simulate(circuit, start, (inputs() for _ in range(RUN_CYCLES)), RUNS)
    for cycle, (state, _) in enumerate(frames):
        for number, value in enumerate(state):
            samples[number] |= value << cycle * RUNS
    return samples


def _suggested(samples: Sequence[int]) -> Invariant:
    """Return everything that is true of the samples."""
    every = (1 << RUNS * RUN_CYCLES) - 1
    classes: dict[int, list[tuple[int, int]]] = {}
    for number, values in enumerate(samples):
        inverted = values & 1  # the first bit of a class is 0
        classes.setdefault(values ^ (every if inverted else 0), []).append((number, inverted))
    zero = classes.pop(0, [])
    implications: set[Implication] = set()
    alone = [members[0][0] for members in classes.values()]
    if len(samples) <= MOST_REGISTERS:
        for valid in alone:
            for bit in alone:
                if valid != bit and not samples[valid] & samples[bit]:
                    implications.add(Implication(valid, bit, None, 0))
                elif valid != bit and not samples[valid] & ~samples[bit]:
                    implications.add(Implication(valid, bit, None, 1))
    several = [members for members in classes.values() if len(members) > 1]
    return Invariant(zero, several, implications)


def _confirm_start(circuit: Circuit, invariant: Invariant, held: Mapping[str, int]) -> None:
    """Drop what need not hold in the first cycle."""
    with Formula(CADICAL) as formula:
        invariant.drop_refuted(formula, Unrolling(circuit, formula, held=held).state)


def _weakened(circuit: Circuit, invariant: Invariant, held: Mapping[str, int]) -> bool:
    """Drop what need not hold in the cycle after one with the invariant; False with nothing."""
    with Formula(CADICAL) as formula:
        run = Unrolling(circuit, formula, held=held, free=lambda register: True)
        run.state = invariant.assume(formula, run.state, range(len(run.state)))
        run.assume(run.step())
        return bool(invariant.drop_refuted(formula, run.state))
