# SPDX-License-Identifier: BSD-2-Clause
"""Induction over the images of a core in which images overlap.

A cut is a cycle in which the first layer could start an image: the time of no image advances in it,
and the decision before has been taken. Images behind the start may be anywhere. An invariant holds
in every cut. Three checks prove it and the core:

1. After a reset at any moment there is a cut, and the invariant holds.
2. From a cut with the invariant another one follows within a bounded time, and the invariant holds
   there; the assertions on all decisions hold in between.
3. An image that is accepted in a cut, or before the next one, is decided as the definition says.

Every image is accepted in a cut or behind one, so they hold for every image of every sequence.
"""

import random
from collections.abc import Iterator
from itertools import zip_longest

from .images import RUNS, Check, ImageInduction
from .invariant import Invariant, Table
from .proof import ProofError
from .sat import Progress, no_progress
from .simulation import Values
from .unroll import FALSE, TRUE, Formula, Frame, Unrolling, kept_by_reset

_FRONT = (
    "encoder.older",
    "encoder.waiting_0.level",
    "encoder.waiting_0.filled",
    "encoder.held_0",
    "encoder.sent",
    "events__payload[1]",
    "intake.inside",
    "intake.image",
    "intake.o__valid",
    "intake.o__payload[1]",
    "intake.o__payload[2]",
    "layer_0.sequencer.o__valid",
    "layer_0.sequencer.o__payload[1]",
    "layer_0.sequencer.o__payload[2]",
    "decided_image",
)

_FREE = ("core.now", "core.taken", *(f"core.begun_{number}" for number in range(5)))
"""Counts of cycles, of which the invariant says nothing."""

_BACK = ("core.decided_image", "core.decision__valid")

START_CYCLES = 2
"""Cycles from the start of an image in the sequencer to that in the lanes."""

_TICKING, _STARTS, _IMAGE, _DECIDED, _WAITS = (
    f"core.{name}"
    for name in (
        "layer_0.sequencer.ticking",
        "layer_0.sequencer.operation.start",
        "layer_0.sequencer.operation.image",
        "decided_image",
        "decision__valid",
    )
)


class WindowInduction(ImageInduction):
    """The three checks; with `search` they weaken the invariant."""

    _conditions = ("valid", "is_empty", "fresh")

    def prove(self, invariant: Invariant, progress: Progress = no_progress) -> str:
        """Carry the checks out. Raises ProofError."""
        for check in self._checks:
            text, broken = check(invariant, progress)
            if broken:
                raise ProofError(f"the invariant does not hold ({text}): search another one.")
        compared = self._check_marked(invariant, progress)
        return (
            f"{text} cycles to the next cut, {compared} to the decision; "
            f"invariant of {invariant.size}"
        )

    @property
    def _checks(self) -> tuple[Check, ...]:
        return self._check_reset, self._check_window

    def _is_cut(self, formula: Formula, frame: Frame) -> int:
        """Return the literal that says that the cycle is a cut."""
        ticking, starts, image, decided, waits = (
            frame(self._signal(name)) for name in (_TICKING, _STARTS, _IMAGE, _DECIDED, _WAITS)
        )
        may_start = formula.either(starts, formula.differ(image, decided) ^ 1)
        return formula.both(formula.both(ticking ^ 1, waits ^ 1), may_start)

    def _is_sample(self, values: Values) -> int:
        ticking, starts, image, decided, waits = (
            values(self._signal(name)) for name in (_TICKING, _STARTS, _IMAGE, _DECIDED, _WAITS)
        )
        return ~ticking & ~waits & (starts | ~(image ^ decided)) & ((1 << RUNS) - 1)

    def _check_reset(self, invariant: Invariant, progress: Progress) -> tuple[str, list[list[int]]]:
        """Check the first cycle after a reset at any moment."""
        with Formula(self._engine) as formula:
            run = self._unrolling(formula)
            for number in kept_by_reset(self.circuit) - self._memory:
                run.state[number] = formula.new()
            state, broken = run.state, []
            cut = self._is_cut(formula, run.step())
            if formula.is_possible(cut ^ 1):
                raise ProofError("the first cycle after a reset is no cut.")
            weaker = invariant.copy()
            while formula.is_possible(weaker.violated(formula, state)):
                broken.append([formula.value(literal) for literal in state])
                weaker.weaken(broken[-1])
        return "reset", broken

    def _begin(
        self, formula: Formula, invariant: Invariant, **held: int
    ) -> tuple[Unrolling, list[int]]:
        """Return cycles that begin in any cut with the invariant, and its state."""
        run = self._unrolling(formula, **held)
        run.state = invariant.assume(formula, run.state, self._state)
        return run, run.state

    def _check_window(
        self, invariant: Invariant, progress: Progress
    ) -> tuple[str, list[list[int]]]:
        """Check the cycles from a cut to the next one, of all images but what they decide."""
        weaker, broken = invariant.copy(), []
        with Formula(self._engine) as formula:
            run, start = self._begin(formula, invariant, mark=0)
            frames: list[Frame] = []
            for cycle in range(self._depth):
                here = run.state
                frame = run.step()
                frames.append(frame)
                run.assume(frame)
                cut = self._is_cut(formula, frame)
                if cycle == 0:
                    formula.require(cut)
                    cut = 0
                if formula.is_possible(run.violated(frame)):
                    raise self._refuted(run, frames, start)
                formula.require(run.violated(frame) ^ 1)
                while formula.is_possible(formula.both(cut, weaker.violated(formula, here))):
                    broken.append([formula.value(literal) for literal in here])
                    weaker.weaken(broken[-1])
                formula.require(cut ^ 1)
                progress(
                    f"window, cycle {cycle} of at most {self._depth}, {formula.size} variables, "
                    f"{len(broken)} states"
                )
                if not formula.is_possible(TRUE):
                    return f"{cycle}", broken
        raise ProofError(f"no cut follows within {self._depth} cycles.")

    def _check_front(self, invariant: Invariant, progress: Progress) -> str:
        """Check what the lanes have of an image when they start it.

        The back of the core is left out: the registers in `_BACK` take any value in every cycle in
        which the invariant allows it.
        """
        back = self._registers(_BACK)
        with Formula(self._engine) as formula:
            run, _ = self._begin(formula, invariant)
            starting: list[int] = []
            for cycle in range(self._depth):
                run.state = list(run.state)
                if cycle:
                    for number in back:
                        run.state[number] = formula.new()
                here = run.state
                frame = run.step()
                run.assume(frame)
                cut = self._is_cut(formula, frame)
                holds = invariant.violated(formula, here) ^ 1
                formula.require(formula.either(cut ^ 1, holds) if cycle else cut)
                begins = frame(self._signal("marked")) if cycle else TRUE
                formula.require(formula.either(cut ^ 1, begins))
                starts = formula.both(frame(self._signal(_STARTS)), frame(self._signal("is_oldest")))
                if len(starting) >= START_CYCLES:
                    wrong = formula.both(starting[-START_CYCLES], self._slopes(formula, frame))
                    if formula.is_possible(wrong):
                        raise ProofError("the lanes start with another slope.")
                if formula.is_possible(formula.both(starts, self._counts(formula, frame))):
                    raise ProofError("an image starts with another count.")
                starting.append(starts)
                progress(f"front, cycle {cycle} of at most {self._depth}, {formula.size} variables")
                if not formula.is_possible(formula.any_of(starting[-START_CYCLES:]) ^ 1):
                    return f"{cycle}"
                for one in starting[:-START_CYCLES]:
                    formula.require(one ^ 1)
        raise ProofError(f"an image does not start within {self._depth} cycles.")

    def _slopes(self, formula: Formula, frame: Frame) -> int:
        """Return the literal that says that a lane has another slope than the image."""
        signals, lanes = self.circuit.signals, range(self._harness.layers[0].n_out)
        return formula.any_of(
            formula.differ(frame(a), frame(b))
            for lane in lanes
            for a, b in zip(
                signals[f"core.layer_0.lanes.gathered_{lane}"], signals[f"slope_{lane}"]
            )
        )

    def _counts(self, formula: Formula, frame: Frame) -> int:
        """Return the literal that says that the counts are wrong, or that there is an error."""
        signals = self.circuit.signals
        pairs = [
            *zip(signals["core.layer_0.sequencer.count"], signals["count"], strict=True),
            *zip_longest(signals["core.cycles"], signals["age"], fillvalue=FALSE),
        ]
        causes = signals["core.layer_0.sequencer.operation.context.causes"]
        return formula.any_of(
            [*map(frame, (*causes, signals["age"][-1])), *(formula.differ(frame(a), frame(b)) for a, b in pairs)]
        )

    def _check_decision(self, invariant: Invariant, progress: Progress) -> str:
        """Check the decision of an image that starts as `_check_front` has found."""
        with Formula(self._engine) as formula:
            run, start = self._begin(formula, invariant)
            for number, register in enumerate(self.circuit.registers):
                name, _ = register.names[0]
                if name in ("harness_bits", "harness_start"):
                    start[number] = formula.new()
                if name in ("harness_marked", "marked"):
                    start[number] = TRUE
            run.state = start
            frames: list[Frame] = []
            for cycle in range(self._depth):
                frame = run.step()
                frames.append(frame)
                run.assume(frame)
                if cycle == 0:
                    formula.require(self._is_cut(formula, frame))
                    formula.require(frame(self._signal(_STARTS)))
                    formula.require(frame(self._signal("is_oldest")))
                    formula.require(self._counts(formula, frame) ^ 1)
                if cycle == START_CYCLES:
                    formula.require(self._slopes(formula, frame) ^ 1)
                bad = run.violated(frame)
                if cycle >= START_CYCLES:
                    if formula.is_possible(bad):
                        raise self._refuted(run, frames, start)
                    formula.require(bad ^ 1)
                    if not formula.is_possible(TRUE):
                        raise ProofError("no image starts.")
                    if not formula.is_possible(frame(self._signal("done")) ^ 1):
                        return f"{cycle}"
                progress(f"decision, cycle {cycle}, {formula.size} variables")
        raise ProofError(f"an image is not decided within {self._depth} cycles.")

    def _common(self, seen: dict[int, int], every: int) -> Invariant:
        free = self._registers(_FREE)
        invariant = super()._common({n: seen[n] for n in seen if n not in free}, every)
        for names in TABLES:
            registers = self._registers(names)
            rows: dict[tuple[int, ...], int] = {(): every}
            for number in registers:
                rows = {
                    (*row, value): mask
                    for row, samples in rows.items()
                    for value, mask in (
                        (0, samples & ~seen[number]),
                        (1, samples & seen[number]),
                    )
                    if mask
                }
            invariant.tables.append(Table(registers, set(rows)))
        return invariant

    def _registers(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Return the numbers of the registers that signals of these names have."""
        bits: dict[str, list[int]] = {}
        for number in self._state:
            for name, bit in self.circuit.registers[number].names:
                bits.setdefault(f"{name}[{bit}]", []).append(number)
                bits.setdefault(name, []).append(number)
        return tuple(dict.fromkeys(number for name in names for number in bits[name]))

    def _random_inputs(self, rng: random.Random) -> Iterator[dict[int, int]]:
        offer, take = (self.circuit.inputs[name][0] for name in ("offer", "take"))
        quarter = (1 << RUNS // 4) - 1
        for cycle in super()._random_inputs(rng):
            cycle[take] = 0
            for _ in range(3):
                cycle[take] |= rng.getrandbits(RUNS)
            rare = rng.getrandbits(RUNS) & rng.getrandbits(RUNS) & rng.getrandbits(RUNS)
            cycle[offer] = quarter | rng.getrandbits(RUNS) & ~(quarter << RUNS // 4) | rare
            yield cycle


TABLES = (
    (*(f"core.{name}" for name in _FRONT), "in_flight"),
    ("core.following", "core.$signal", "in_flight", "is_empty", "fresh"),
    (
        "core.encoder.waiting_0.level",
        "core.encoder.waiting_0.read__addr",
        "core.encoder.waiting_0.written__addr",
        "core.encoder.waiting_0.filled",
    ),
)
"""Registers whose values the invariant lists together; see `Table`."""
