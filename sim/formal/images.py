# SPDX-License-Identifier: BSD-2-Clause
"""Induction over images: what holds of one image holds of every image of every sequence.

An invariant relates the core's registers when it could accept the first event of an image and all
images before are decided. Three checks prove it and the core:

1. After a reset at any moment, and any number of idle cycles, the first image is decided as the
   definition says, and the invariant holds after it.
2. An idle cycle keeps the invariant, and the core ready.
3. From every state with the invariant an image is decided as the definition says, and the invariant
   holds after it.

All three check the assertions, and that the weights stay as they are, in every cycle.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from .circuit import Circuit
from .core import CoreHarness, setting_of, stored_bits
from .drawing import CONTROL
from .invariant import Implication, Invariant, label
from .proofs import ProofError
from .sat import CADICAL, Progress, check_covers, no_progress
from .simulation import Values, simulate
from .source import PREFIX
from .stream import StreamHarness
from .unroll import FALSE, TRUE, Formula, Frame, Unrolling, kept_by_reset

RUNS = 4096
"""Random runs that are simulated at once to find candidates."""

CLOCKS = "core.cycle_counter.now", "harness_time", "harness_clock"
"""Counters of cycles, of the core and of a harness, that count always."""

IDLE_CYCLES = 8
"""Cycles after a reset in which registers other than counters may change."""

MAX_PAIRED = 4
"""Bits of a register of which every two are compared, such as a counter that skips values."""


Check = Callable[[Invariant, Progress], tuple[str, list[list[int]]]]
"""Returns what it did, and states that break the invariant."""


def _done(cycles: str, invariant: Invariant) -> str:
    return f"{cycles} cycles; invariant of {invariant.size}"


class ImageInduction:
    """The three checks for a core in its harness; with `search` they weaken the invariant.

    Parameters
    ----------
    depth : cycles within which an image ends.
    faults : the numbers of the faults of the circuit, for `refute`.
    """

    #: Registers with such a word in a name are conditions of implications.
    _conditions: tuple[str, ...] = ("valid",)

    def __init__(
        self,
        harness: CoreHarness | StreamHarness,
        circuit: Circuit,
        depth: int,
        engine: str = CADICAL,
        faults: Collection[int] = (),
    ) -> None:
        self._harness, self.circuit, self._depth = harness, circuit, depth
        self._faults = sorted(faults)
        self._engine = engine
        start = stored_bits(harness.config)
        registers = circuit.registers
        self._core = [
            number
            for number, register in enumerate(registers)
            if not any(PREFIX in name for name, _ in register.names)
        ]
        #: The bits of weights, and the bit of an input with which each begins.
        self._memory = {
            number: start[name]
            for number in self._core
            for name in registers[number].names
            if name in start
        }
        if len(self._memory) != len(start):
            raise ProofError(
                f"the circuit has {len(self._memory)} bits of weights, not {len(start)}: "
                "the memories must not be constants."
            )
        #: Registers of the core that the invariant speaks of: all but the weights.
        self._state = [number for number in self._core if number not in self._memory]

    @property
    def _checks(self) -> tuple[Check, ...]:
        """The checks that weaken the invariant."""
        return self._check_idle, self._check_first, self._check_next

    def prove(self, invariant: Invariant, progress: Progress = no_progress) -> str:
        """Carry the three checks out, and find a run to each cover. Raises ProofError."""
        setting = setting_of(self._harness)
        check_covers(self.circuit, self._depth, engine=self._engine, **setting)
        for check in self._checks:
            text, broken = check(invariant, progress)
            if broken:
                raise ProofError(f"the invariant does not hold ({text}): search another one.")
        return _done(text, invariant)

    def search(self, progress: Progress = no_progress) -> Invariant:
        """Find an invariant: candidates of simulation, weakened by counterexamples."""
        invariant = self._candidates()
        progress(f"candidates: {invariant.size}")
        self.weaken(invariant, progress)
        return invariant

    def weaken(self, invariant: Invariant, progress: Progress = no_progress) -> str:
        """Drop what counterexamples show not to hold, until the rest proves itself and the core.

        Returns what was done. Raises ProofError if a property may fail.
        """
        holding = 0
        while holding < len(self._checks):
            for check in self._checks:
                text, broken = check(invariant, progress)
                for values in broken:
                    invariant.weaken(values)
                if broken:
                    progress(f"{check.__name__[7:]}: {invariant.size}")
                    holding = 0
                    break
                holding += 1
        return _done(text, invariant)

    def _unrolling(self, formula: Formula, **held: int) -> Unrolling:
        setting = setting_of(self._harness)
        setting["held"] = {**setting["held"], **held}
        return Unrolling(self.circuit, formula, **setting)

    def _signal(self, name: str) -> int:
        return self.circuit.signals[name][0]

    def _check_idle(self, invariant: Invariant, progress: Progress) -> tuple[str, list[list[int]]]:
        """Whether a cycle without an event keeps the invariant; returns the states that do not."""
        with Formula(self._engine) as formula:
            run = self._unrolling(formula)
            run.state = invariant.assume(formula, run.state, self._state)
            start, frame = run.state, run.step()
            formula.require(frame(self._signal("is_ready")))
            if formula.is_possible(run.violated(frame)):
                raise self._refuted(run, [frame], start)
            self._check_weights(run)
            following = run.state
            ready = run.step()(self._signal("is_ready"))
            if formula.is_possible(ready ^ 1):
                raise ProofError("an idle core does not stay ready: the invariant is too weak.")
            if formula.is_possible(invariant.violated(formula, following)):
                return "idle", [[formula.value(literal) for literal in following]]
        return "idle", []

    def _check_weights(self, run: Unrolling) -> None:
        """Check that all weights are the first ones; then let them be the same literals."""
        formula, first = run.formula, run.first_state
        if formula.is_possible(
            formula.any_of(formula.differ(run.state[n], first[n]) for n in self._memory)
        ):
            raise ProofError("the core changes a weight.")
        run.state = [
            first[number] if number in self._memory else literal
            for number, literal in enumerate(run.state)
        ]

    def _check_first(self, invariant: Invariant, progress: Progress) -> tuple[str, list[list[int]]]:
        """Check the first image after a reset at any moment and any number of idle cycles."""
        return self._check_image(invariant, lambda formula, _: self._after_reset(formula), progress)

    def _check_next(self, invariant: Invariant, progress: Progress) -> tuple[str, list[list[int]]]:
        """Check an image from every state with the invariant."""
        return self._check_image(
            invariant,
            lambda formula, state: invariant.assume(formula, state, self._state),
            progress,
        )

    def _after_reset(self, formula: Formula) -> list[int]:
        """Return any state after a reset and any number of cycles in which nothing comes.

        After a few cycles only counters change. They have any value here, and what the core holds
        of them, too; the other registers have those values that they have in one of the cycles.
        """
        unreset = kept_by_reset(self.circuit) - self._memory.keys()
        counting: set[int] = set()
        while True:
            run = self._unrolling(formula, offer=0)
            state, states = run.state, []
            for number in unreset:
                state[number] = formula.new()
            for _ in range(IDLE_CYCLES):
                for number in counting:
                    state[number] = formula.new()
                states.append(list(state))
                frame = run.step()
                if frame(self._signal("is_ready")) != TRUE:
                    raise ProofError("an idle core is not always ready after a reset.")
                if formula.is_possible(run.violated(frame)):
                    raise self._refuted(run, [frame], states[-1])
                self._check_weights(run)
                state = run.state
            more = {n for n in self._state if state[n] != states[-1][n]} - counting
            if not more:
                break
            counting |= more
        any_of = states[0]
        for state in states[1:]:
            choice = formula.new()
            any_of = [formula.choose(choice, a, b) for a, b in zip(state, any_of, strict=True)]
        return any_of

    def _check_image(
        self,
        invariant: Invariant,
        begin: Callable[[Formula, list[int]], list[int]],
        progress: Progress,
    ) -> tuple[str, list[list[int]]]:
        """Check one image, from the cycle in which its first event is accepted to its end.

        Returns the cycles that it takes, and states at its end that break the invariant.
        """
        weaker, broken = invariant.copy(), []
        with Formula(self._engine) as formula:
            run = self._unrolling(formula)
            frames: list[Frame] = []

            def step() -> Frame:
                frame = run.step()
                frames.append(frame)
                run.assume(frame)
                return frame

            # In the first cycle the source loads an event; then the core is in the state to check.
            step()
            state_to_check = begin(formula, run.state)
            start = list(run.state)
            for number in self._core:
                of = run.first_state if number in self._memory else state_to_check
                start[number] = of[number]
            run.state = start
            for cycle in range(self._depth):
                at_end = run.state
                frame = step()
                if cycle == 0:
                    formula.require(frame(self._signal("accepts")))
                if formula.is_possible(run.violated(frame)):
                    raise self._refuted(run, frames, start)
                formula.require(run.violated(frame) ^ 1)
                self._check_weights(run)
                ended = frame(self._signal("is_between")) if cycle else FALSE
                broken += weaker.drop_refuted(formula, at_end, ended)
                formula.require(ended ^ 1)
                progress(f"cycle {cycle} of at most {self._depth}, {formula.size} variables")
                if not formula.is_possible(TRUE):
                    return f"{cycle + 1}", broken
        raise ProofError(f"an image does not end within {self._depth} cycles.")

    def _refuted(self, run: Unrolling, frames: list[Frame], start: list[int]) -> ProofError:
        """The counterexample begins in a state that only the invariant describes."""
        value = run.formula.value
        failed = [
            f"failed assertion in cycle {cycle}: {one.label}"
            for cycle, frame in enumerate(frames)
            for one in self.circuit.asserts
            if not value(frame(one.condition))
        ]
        state = " ".join(label(self.circuit.registers[n]) for n in self._state if value(start[n]))
        return ProofError("\n".join([*failed[:8], f"from the state with {state}"]))

    # Candidates.

    def _random_inputs(self, rng: random.Random, cycles: int) -> Iterator[dict[int, int]]:
        harness, every = self._harness, (1 << RUNS) - 1
        fixed = {}
        for name, literals in self.circuit.inputs.items():
            for bit, literal in enumerate(literals):
                if name in harness.held:
                    fixed[literal] = every if harness.held[name] >> bit & 1 else 0
                elif name in harness.constants:
                    fixed[literal] = rng.getrandbits(RUNS)
        self._weights = {
            number: fixed[self.circuit.inputs[source][bit]]
            for number, (source, bit) in self._memory.items()
        }
        for _ in range(cycles):
            cycle = dict(fixed)
            for name, literals in self.circuit.inputs.items():
                for literal in literals:
                    if literal in cycle:
                        continue
                    cycle[literal] = rng.getrandbits(RUNS)
                    if name in ("offer", "take"):  # seldom a pause
                        for _ in range(5):
                            cycle[literal] |= rng.getrandbits(RUNS)
            yield cycle

    def _candidates(self) -> Invariant:
        """Find what holds of the states between the images of random runs."""
        rng = random.Random(1)
        samples_of, samples, shift = dict.fromkeys(self._state, 0), 0, 0
        for _ in range(2):
            for permitted, state, values in self._random_runs(rng, 2 * self._depth):
                counted = permitted & self._is_sample(values)
                for number in self._state:
                    samples_of[number] |= (state[number] & counted) << shift
                samples |= counted << shift
                shift += RUNS
        if not samples:
            raise ProofError("no random run ends an image.")
        return self._common(samples_of, samples)

    def _random_runs(
        self, rng: random.Random, cycles: int, constant: Mapping[int, int] | None = None
    ) -> Iterator[tuple[int, Sequence[int], Values]]:
        """Give each cycle of random runs: the runs that satisfy the assumptions, and their values.

        The runs begin after a reset at any moment and any number of idle cycles, so counters of
        cycles have any value. `constant` are inputs that keep their values.
        """
        circuit, every = self.circuit, (1 << RUNS) - 1
        inputs = [{**cycle, **(constant or {})} for cycle in self._random_inputs(rng, cycles)]
        unreset, permitted = kept_by_reset(circuit), every
        start = [
            self._weights.get(number, rng.getrandbits(RUNS))
            if register.initial is None or number in unreset or number in self._weights
            else -register.initial & every
            for number, register in enumerate(circuit.registers)
        ]
        clock: dict[int, int] = {}
        for number, register in enumerate(circuit.registers):
            for name, bit in register.names:
                if name in CLOCKS:
                    start[number] = clock.setdefault(bit, rng.getrandbits(RUNS))
        for state, values in simulate(circuit, start, iter(inputs), RUNS):
            for one in circuit.assumes:
                permitted &= values(one.condition)
            yield permitted, state, values

    def refute(self, cycles: int, seed: int = 1) -> dict[int, str]:
        """Return the faults that random runs of `cycles` cycles refute, each with the reason.

        With them an assertion fails, or no image ends in the last two times `depth` cycles.
        """
        rng, refuted = random.Random(seed), dict[int, str]()
        chosen = [rng.choice(self._faults) for _ in range(RUNS)]
        constant = {
            literal: sum((one >> bit & 1) << run for run, one in enumerate(chosen))
            for bit, literal in enumerate(self.circuit.inputs[CONTROL])
        }
        runs_of = {
            fault: sum(1 << run for run, one in enumerate(chosen) if one == fault)
            for fault in self._faults
        }
        ended = 0  # runs in which an image has ended lately
        runs = self._random_runs(rng, cycles, constant)
        for cycle, (permitted, _, values) in enumerate(runs):
            if cycle >= cycles - 2 * self._depth:
                ended |= self._is_sample(values)
            for one in self.circuit.asserts:
                failing = permitted & ~values(one.condition)
                for fault in (fault for fault in self._faults if failing & runs_of[fault]):
                    why = f"failed assertion in cycle {cycle} of a random run: {one.label}"
                    refuted.setdefault(fault, why)
        for fault, of_fault in runs_of.items():
            if of_fault & permitted & ~ended:
                refuted.setdefault(fault, "an image of a random run does not end")
        return refuted

    def _is_sample(self, values: Values) -> int:
        """Return the runs whose state in this cycle is one of those that the invariant is for."""
        return values(self._signal("is_between"))

    def _common(self, samples_of: dict[int, int], every: int) -> Invariant:
        """Find what registers have in common, from their values in the samples `every`."""
        groups: dict[int, list[tuple[int, int]]] = {}
        for number, values in samples_of.items():
            inverted = int(values & every & -every != 0)
            key = values ^ (every if inverted else 0)
            groups.setdefault(key, []).append((number, inverted))
        invariant = Invariant(groups.pop(0, []), [m for m in groups.values() if len(m) > 1])
        names = [" ".join(name for name, _ in one.names) for one in self.circuit.registers]
        image = next(number for number in samples_of if "decision.decided_image" in names[number])
        signals = [one.names[0][0] for one in self.circuit.registers]
        widths = Counter(signals[number] for number in samples_of)
        changing = [number for number in samples_of if samples_of[number] not in (0, every)]
        for one in (n for n in samples_of if samples_of[n]):
            narrow = widths[signals[one]] <= MAX_PAIRED
            for bit in changing:
                if bit == one:
                    continue
                if any(word in names[one] for word in self._conditions):
                    self._imply(invariant, samples_of, every, (one, bit, None))
                    self._imply(invariant, samples_of, every, (one, bit, image))
                elif narrow and signals[bit] == signals[one]:
                    self._imply(invariant, samples_of, every, (one, bit, None))
        return invariant

    @staticmethod
    def _imply(
        invariant: Invariant,
        samples_of: dict[int, int],
        every: int,
        candidate: tuple[int, int, int | None],
    ) -> None:
        """Add an implication if it holds in all samples, and says more than an equality."""
        condition, bit, other = candidate
        differ = samples_of[bit] ^ (0 if other is None else samples_of[other])
        if other is not None and (bit == other or differ in (0, every)):
            return
        for value in (0, 1):
            if not (differ ^ (every if value else 0)) & samples_of[condition]:
                invariant.implications.add(Implication(condition, bit, other, value))
