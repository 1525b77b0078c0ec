# SPDX-License-Identifier: BSD-2-Clause
"""Induction over the images of a core in which images overlap.

A cut is a cycle in which the first layer could start an image: the time of no image advances in it,
and the decision before has been taken. The images behind the start may be in any block. An
invariant holds in every cut; a part of it relates the front of the core to the words that the
harness keeps (see `Front`). Three checks prove it and the assertions of the harness:

1. The first cycle after a reset at any moment is a cut with the invariant.
2. From a cut with the invariant, if an image is in flight, the first layer starts one within a
   bounded time.
3. From a cut with the invariant another one follows within a bounded time. The invariant holds
   there, and the assertions hold in between.

An image that starts is decided before the next cut, for there all images are that have started. So
every image is decided, and the assertions compare each decision with the definition.
"""

import random
from collections.abc import Iterator

from .front import Front
from .images import RUNS, Check, ImageInduction
from .invariant import Invariant, Table
from .proofs import ProofError
from .sat import Progress
from .simulation import Values
from .unroll import FALSE, TRUE, Formula, Frame, Unrolling, kept_by_reset

_FRONT = (
    "encoder.older",
    "encoder.waiting_0.level",
    "encoder.waiting_0.filled",
    "encoder.held_0",
    "encoder.sent",
    "events__payload[1]",
    "ingress.inside",
    "ingress.image",
    "ingress.o__valid",
    "ingress.o__payload[1]",
    "ingress.o__payload[2]",
    "layer_0.sequencer.o__valid",
    "layer_0.sequencer.o__payload[1]",
    "layer_0.sequencer.o__payload[2]",
    "decided_image",
)

_FREE = (
    "core.cycle_counter.now",
    "core.total",
    *(f"core.cycle_counter.start_cycle_{number}" for number in range(5)),
)
"""Counts of cycles, of which the invariant says nothing."""

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

    @property
    def _checks(self) -> tuple[Check, ...]:
        return self._check_reset, self._check_start, self._check_window

    def _front(self, formula: Formula, frame: Frame) -> dict[str, int]:
        return Front(self._harness.config, self.circuit, formula, frame).broken()

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
            for number in kept_by_reset(self.circuit) - self._memory.keys():
                run.state[number] = formula.new()
            state, frame = run.state, run.step()
            if formula.is_possible(self._is_cut(formula, frame) ^ 1):
                raise ProofError("the first cycle after a reset is no cut.")
            self._check_front(formula, frame)
            return "reset", invariant.copy().drop_refuted(formula, state)

    def _begin(self, formula: Formula, invariant: Invariant) -> Unrolling:
        """Return a run that begins in any state with the invariant, and with any kept words."""
        run = self._unrolling(formula)
        run.state = invariant.assume(formula, run.state, self._state)
        for number in set(range(len(self.circuit.registers))) - set(self._core):
            run.state[number] = formula.new()
        return run

    def _require_front(self, formula: Formula, frame: Frame) -> None:
        for broken in self._front(formula, frame).values():
            formula.require(broken ^ 1)

    def _check_front(self, formula: Formula, frame: Frame) -> None:
        """Check the relation of the front to the images in flight, which then helps the solver."""
        for name, broken in self._front(formula, frame).items():
            if formula.is_possible(broken):
                raise ProofError(f"the front holds other {name} than the images in flight have.")
            formula.require(broken ^ 1)

    def _check_start(self, invariant: Invariant, progress: Progress) -> tuple[str, list[list[int]]]:
        """Check that an image in flight leads to the start of one."""
        with Formula(self._engine) as formula:
            run = self._begin(formula, invariant)
            for cycle in range(self._depth):
                frame = run.step()
                run.assume(frame)
                if cycle == 0:
                    in_flight = map(frame, self.circuit.signals["in_flight"])
                    formula.require(formula.any_of(in_flight))
                    formula.require(self._is_cut(formula, frame))
                    self._require_front(formula, frame)
                formula.require(frame(self._signal(_STARTS)) ^ 1)
                if not formula.is_possible(TRUE):
                    return f"{cycle}", []
        raise ProofError(f"an image in flight does not start within {self._depth} cycles.")

    def _check_window(
        self, invariant: Invariant, progress: Progress
    ) -> tuple[str, list[list[int]]]:
        """Check the cycles from a cut to the next one."""
        weaker, broken = invariant.copy(), []
        with Formula(self._engine) as formula:
            run = self._begin(formula, invariant)
            start, frames = run.state, list[Frame]()
            for cycle in range(self._depth):
                here = run.state
                frame = run.step()
                frames.append(frame)
                run.assume(frame)
                cut = self._is_cut(formula, frame)
                if cycle == 0:
                    formula.require(cut)
                    cut = FALSE
                    self._require_front(formula, frame)
                self._check_front(formula, frame)
                if formula.is_possible(run.violated(frame)):
                    raise self._refuted(run, frames, start)
                formula.require(run.violated(frame) ^ 1)
                self._check_weights(run)
                broken += weaker.drop_refuted(formula, here, cut)
                formula.require(cut ^ 1)
                progress(
                    f"window, cycle {cycle} of at most {self._depth}, {formula.size} variables, "
                    f"{len(broken)} states"
                )
                if not formula.is_possible(TRUE):
                    return f"{cycle}", broken
        raise ProofError(f"no cut follows within {self._depth} cycles.")

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

    def _random_inputs(self, rng: random.Random, cycles: int) -> Iterator[dict[int, int]]:
        offer, take = (self.circuit.inputs[name][0] for name in ("offer", "take"))
        quarter = (1 << RUNS // 4) - 1
        for cycle in super()._random_inputs(rng, cycles):
            cycle[take] = 0
            for _ in range(3):
                cycle[take] |= rng.getrandbits(RUNS)
            rare = rng.getrandbits(RUNS) & rng.getrandbits(RUNS) & rng.getrandbits(RUNS)
            cycle[offer] = quarter | rng.getrandbits(RUNS) & ~(quarter << RUNS // 4) | rare
            yield cycle


TABLES = (
    (*(f"core.{name}" for name in _FRONT), "in_flight"),
    (
        *(f"core.cycle_counter.{name}" for name in ("following", "first", "count")),
        "in_flight",
        "is_empty",
        "fresh",
    ),
    (
        "core.encoder.waiting_0.level",
        "core.encoder.waiting_0.read__addr",
        "core.encoder.waiting_0.written__addr",
        "core.encoder.waiting_0.filled",
    ),
)
"""Registers whose values the invariant lists together; see `Table`."""
