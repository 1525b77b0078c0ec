# SPDX-License-Identifier: BSD-2-Clause
"""Checks the asserts of a circuit with a SAT solver: from its initial state, and by induction."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Unpack

from .circuit import Circuit, Property
from .drawing import CONTROL
from .proofs import Progress, ProofError
from .simulation import Values, simulate
from .unroll import TRUE, Formula, Frame, Setting, Unrolling

CADICAL, GLUCOSE = "cadical195", "glucose42"
"""Engines: CaDiCaL 1.9.5, and Glucose 4.2.1, whose code is another."""


def no_progress(text: str) -> None:
    """Say nothing of the progress of a check."""


class RefutedError(ProofError):
    """An assertion fails; `run` has the values of every literal, cycle by cycle."""

    def __init__(self, text: str, circuit: Circuit, run: list[Values]) -> None:
        super().__init__(text)
        self.circuit, self.run = circuit, run


@dataclass
class Faults:
    """Faults of a circuit that a check tries all together; the input `CONTROL` selects one."""

    left: set[int]
    """Numbers of those that the check does not refute, from 1 on."""
    refuted: dict[int, str] = field(default_factory=dict)
    """How the check refutes each of the others."""

    @property
    def choices(self) -> dict[str, set[int]]:
        """The values of `CONTROL`: a run without a fault is among those that are checked."""
        return {CONTROL: {0, *self.left}}

    def refute(self, run: Unrolling, error: ProofError) -> None:
        """Take note that the fault in the solver's last answer leads to this error, and drop it.

        Raises the error for a run without a fault.
        """
        number = run.value(CONTROL)
        if not number:
            raise error
        self.left.remove(number)
        self.refuted[number] = str(error)
        run.formula.require(run.equals(CONTROL, number) ^ 1)

    def refute_impossible(self, run: Unrolling) -> None:
        """Drop the faults with which no run satisfies the assumptions."""
        for number in sorted(self.left):
            if not run.formula.is_possible(run.equals(CONTROL, number)):
                self.left.remove(number)
                self.refuted[number] = "no run satisfies the assumptions."


def check_bounded(
    circuit: Circuit,
    depth: int,
    *,
    equal: Mapping[tuple[str, int], tuple[str, int]] | None = None,
    once: str | None = None,
    finally_equal: Mapping[tuple[str, int], tuple[str, int]] | None = None,
    complete: str | None = None,
    after_reset: bool = False,
    faults: Faults | None = None,
    engine: str = CADICAL,
    progress: Progress = no_progress,
    **setting: Unpack[Setting],
) -> str:
    """Check the asserts in the first `depth` cycles, from the initial state; returns what was done.

    Parameters
    ----------
    equal : bits of registers that equal bits of signals from the cycle after the one in which the
        signal `once` is high, in all runs at the same time. The check proves every
        equality, and then treats both bits as one, which shortens the proof.
    finally_equal : bits of registers that must equal bits of signals in the cycle in which a run
        reaches `complete`.
    complete : the name of a signal of one bit that every run reaches within the depth. The check
        ends in the cycle in which no run is left that has not reached it.
    after_reset : the first cycle follows a reset at any moment.
    faults : the check drops those that it refutes, also by runs that reach `complete` later than
        all runs without a fault.
    setting : see `Setting`.

    Raises
    ------
    RefutedError : an assertion fails, or a run does not reach `complete`.
    ProofError : no run satisfies the assumptions, the circuit has no assertion, or it lacks a
        register that is named: nothing would be proven.
    """
    if not circuit.asserts:
        raise ProofError("the circuit has no assertion.")
    known = {name for register in circuit.registers for name in register.names}
    unknown = {*(equal or {}), *(finally_equal or {}), *(setting.get("start") or {})} - known
    if unknown:
        raise ProofError(f"the circuit has no registers {sorted(unknown)}.")
    done = circuit.signals[complete][0] if complete else None
    with Formula(engine) as formula:
        choices = faults.choices if faults else {}
        run = Unrolling(circuit, formula, choices=choices, **setting)
        if after_reset:
            run.reset()
        left, frames = TRUE, list[Frame]()

        def refute(condition: int, reason: str = "") -> None:
            while formula.is_possible(condition):
                error = refuted(run, reason)
                if faults is None:
                    raise error
                faults.refute(run, error)

        for cycle in range(depth):
            frame = run.step()
            frames.append(frame)
            run.assume(frame)
            if done is not None and finally_equal:
                differs = formula.both(frame(done), _differs(run, frame, finally_equal))
                refute(differs, "at the end registers differ from what they should")
            refute(run.violated(frame))
            formula.require(run.violated(frame) ^ 1)
            if once and not formula.is_possible(frame(circuit.signals[once][0]) ^ 1):
                _join(run, frames, equal or {}, refute)
                once = None
            progress(f"cycle {cycle + 1} of at most {depth}, {formula.size} variables")
            if done is not None:
                left = formula.both(left, frame(done) ^ 1)
                sound = run.equals(CONTROL, 0) if faults else TRUE
                if not formula.is_possible(left, sound):
                    refute(left, f"{complete} is reached later than without a fault")
                    break
        else:
            if done is not None:
                refute(left, f"{complete} is not reached in {depth} cycles")
        if faults:
            faults.refute_impossible(run)
        if not formula.is_possible(TRUE):
            raise ProofError("no run satisfies the assumptions.")
        return f"{len(frames)} cycles, {formula.size} variables"


def _differs(run: Unrolling, frame: Frame, equal: Mapping[tuple[str, int], tuple[str, int]]) -> int:
    """Return the literal that says that a register differs from its signal in this cycle."""
    return run.formula.any_of(
        run.formula.differ(frame(2 * run.circuit.registers[number].node), literal)
        for number, literal, _ in _pairs(run, frame, equal)
    )


def _join(
    run: Unrolling,
    frames: list[Frame],
    equal: Mapping[tuple[str, int], tuple[str, int]],
    refute: Callable[[int, str], None],
) -> None:
    """Prove that registers equal signals in the next cycle, and let them be one literal."""
    for number, literal, signal in _pairs(run, frames[-1], equal):
        register = run.circuit.registers[number]
        refute(
            run.formula.differ(run.state[number], literal), f"{register} does not equal {signal}"
        )
        run.state[number] = literal


def _pairs(
    run: Unrolling, frame: Frame, equal: Mapping[tuple[str, int], tuple[str, int]]
) -> Iterator[tuple[int, int, str]]:
    """Yield the number of each register in `equal`, and its signal's literal and name."""
    for number, register in enumerate(run.circuit.registers):
        for name in register.names:
            if name in equal:
                signal, bit = equal[name]
                literal = frame(run.circuit.signals[signal][bit])
                yield number, literal, f"{signal}[{bit}]"


def check_inductive(
    circuit: Circuit,
    depth: int,
    *,
    engine: str = CADICAL,
    progress: Progress = no_progress,
    **setting: Unpack[Setting],
) -> str:
    """Prove the asserts for ever, by induction over up to `depth` cycles; returns what was done.

    If the asserts hold in k cycles one after the other, whatever the registers were, they hold in
    the next one. And they hold in the first k cycles from the initial state. Parameters and errors
    are those of `check_bounded`.
    """
    with Formula(engine) as formula:
        run = Unrolling(circuit, formula, free=lambda register: True, **setting)
        for k in range(depth + 1):
            frame = run.step()
            run.assume(frame)
            bad = run.violated(frame)
            if k and not formula.is_possible(bad):
                break
            progress(f"induction over {k} cycles does not hold" if k else "induction")
            if k == depth:
                raise refuted(run, f"not inductive over {depth} cycles")
            formula.require(bad ^ 1)
    did = check_bounded(circuit, k, engine=engine, progress=progress, **setting)
    return f"induction over {k} cycles, {did} from the start"


def check_covers(
    circuit: Circuit,
    depth: int,
    *,
    engine: str = CADICAL,
    progress: Progress = no_progress,
    **setting: Unpack[Setting],
) -> str:
    """Find a run from the initial state to each cover within `depth` cycles.

    Parameters are those of `check_bounded`. Raises ProofError with the covers that no run reaches.
    """
    left = list(circuit.covers)
    with Formula(engine) as formula:
        run = Unrolling(circuit, formula, **setting)
        for cycle in range(depth):
            frame = run.step()
            run.assume(frame)
            left = [one for one in left if not formula.is_possible(frame(one.condition))]
            progress(f"cycle {cycle + 1} of {depth}, {len(left)} covers left")
            if not left:
                return f"{len(circuit.covers)} covers within {cycle + 1} cycles"
    raise ProofError("\n".join(f"unreached cover statement {one.label}" for one in left))


def refuted(run: Unrolling, reason: str = "") -> RefutedError:
    """Return the run that the solver has found, simulated anew.

    The simulation is independent of the formula: an assertion that fails in the formula and not in
    the simulation is a fault of this program.
    """
    circuit, value = run.circuit, run.formula.value
    start = [value(literal) for literal in run.first_state]
    inputs = (
        {literal: value(of_frame[literal]) for literal in of_frame} for of_frame in run.inputs
    )
    values = [values for _, values in simulate(circuit, start, inputs)]
    failed: list[tuple[int, Property]] = [
        (cycle, one)
        for cycle, of_cycle in enumerate(values)
        for one in circuit.asserts
        if not of_cycle(one.condition)
    ]
    assert failed or reason, "the simulation contradicts the solver"
    lines = [f"failed assertion in cycle {cycle}: {one.label}" for cycle, one in failed[:8]]
    text = "\n".join([*([reason] if reason else []), *lines])
    return RefutedError(text, circuit, values)
