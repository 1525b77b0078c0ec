# SPDX-License-Identifier: BSD-2-Clause
"""Automatic faults in the proven cores, by `mutate` of Yosys: what the proofs make of each."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from amaranth.back import rtlil
from amaranth.lib import wiring

from .circuit import Circuit, compile_circuit
from .core import stored_bits
from .cores import CASES, INDUCTIONS, endless_harness, induction_of, prove_images
from .drawing import Area, Fault, draw
from .equivalence import equivalent_faults
from .explanations import EXPLANATIONS
from .proofs import ProofError
from .sat import Faults


@dataclass(frozen=True)
class Mutated:
    """The proofs of a core that have to refute a fault, in the order in which they are tried."""

    first: tuple[str, ...]
    """Proofs that are short also for a fault that they do not refute."""
    endless: str
    """The induction over images."""
    covered: tuple[str, ...] = ()
    """Proofs that cannot refute a fault with which the induction holds."""
    others: tuple[str, ...] = ()


MUTATED = {
    "core-2-lanes": Mutated(
        ("core-2-lanes", "core-writes", "core-reads", "core-reset", "core-2-lanes-pauses"),
        "images-2-lanes",
        covered=("core-2-lanes-images",),
        others=("core-2-lanes-paced", "core-extras"),
    ),
    "core-window": Mutated(
        ("core-window", "core-window-reset", "core-window-writes", "core-window-reads"),
        "images-window",
        others=("core-window-pauses", "core-window-paced"),
    ),
    "core-overlap": Mutated(
        (
            "core-overlap",
            "core-overlap-images",
            "core-overlap-reset",
            "core-overlap-writes",
            "core-overlap-reads",
            "core-overlap-paced",
        ),
        "images-overlap",
    ),
}
"""The proofs of each core, by the name of the proof in whose harness the faults are drawn; not
`core-aborts`, whose IngressCheck has further cells."""

KINDS = "refuted", "equivalent", "harmless", "explained", "unexplained"
"""Verdicts on a fault: a proof refutes it; it changes no register, property or output; all proofs
of the core hold with it, also that of endless sequences of images; it is explained; none of
these."""

IMAGES = 5
"""Images of a random run."""

SEED = 1
"""Seed of the choice of faults."""

OUTPUTS = tuple(
    f"core.{name}" for name in ("decision__", "log_", "weights_", "events__", "words__", "busy")
)
"""Beginnings of the names of the core's ports."""

AREA = Area("top.core top.core.*", "top.core/* top.core.*/*")


@dataclass(frozen=True)
class MutantTask:
    """A fault of a core: its number among `count`, from 1 on."""

    core: str
    count: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """The result for a fault."""

    core: str
    number: int
    fault: str
    kind: str
    """Its kind, of `KINDS`."""
    why: str
    """The proof that refutes it, or the explanation."""


@cache
def _faults(core: str, count: int) -> tuple[Fault, ...]:
    """The faults of a core, drawn in the harness of its first proof."""
    return draw(rtlil.convert(CASES[core].harness(), name="top"), AREA, count, SEED)


def _commands(core: str, count: int, numbers: Iterable[int]) -> str:
    """The commands of Yosys that put faults of a core in, of which `CONTROL` selects one."""
    bits = count.bit_length()
    faults = [_faults(core, count)[number - 1].selected_by(number, bits) for number in numbers]
    return "\n".join((AREA.enumerate, *faults))


def mutants_of(core: str, count: int, share: int = 50) -> list[MutantTask]:
    """The faults of a core in shares."""
    return [
        MutantTask(core, count, tuple(range(first, min(first + share, count + 1))))
        for first in range(1, count + 1, share)
    ]


def verdicts_of(task: MutantTask) -> tuple[Verdict, ...]:
    """Try the proofs of the core on the faults of a share, many of them in one formula."""
    verdicts = _Trial(task).verdicts()
    return tuple(
        Verdict(task.core, number, _faults(task.core, task.count)[number - 1].described("top"), *of)
        for number, of in sorted(verdicts.items())
    )


class _Trial:
    """The faults of a share that have no verdict yet, and the kinds and reasons of the others."""

    def __init__(self, task: MutantTask) -> None:
        self._task, self._proofs = task, MUTATED[task.core]
        self._left = set(task.numbers)
        self._verdicts: dict[int, tuple[str, str]] = {}

    def verdicts(self) -> dict[int, tuple[str, str]]:
        """Return the kind and the reason of each fault."""
        proofs = self._proofs
        self._find_equivalent(self._circuit(CASES[self._task.core].harness(), self._left))
        self._run_at_random()
        for name in proofs.first:
            self._refute(name, self._left)
        if self._left:
            circuit = self._circuit(endless_harness(INDUCTIONS[proofs.endless]), self._left)
            self._find_equivalent(circuit, mined=True)
        for name in proofs.others:
            self._refute(name, self._left)
        harmless = {number: why for number in self._left if (why := self._without_end(number))}
        for number, why in harmless.items():
            self._decide(number, "harmless", why)
        for name in proofs.covered:
            self._refute(name, self._left)
        for number in sorted(self._left):
            self._decide(number, *self._explained(number))
        return self._verdicts

    def _decide(self, number: int, kind: str, why: str = "") -> None:
        self._left.remove(number)
        self._verdicts[number] = kind, why

    def _circuit(self, harness: wiring.Component, numbers: Iterable[int]) -> Circuit:
        task = self._task
        return compile_circuit(harness, change=_commands(task.core, task.count, sorted(numbers)))

    def _find_equivalent(self, circuit: Circuit, mined: bool = False) -> None:
        """Find faults that change no register, no property, and no output of the core."""
        statements = (one.condition for one in (*circuit.asserts, *circuit.assumes))
        outputs = (
            literal
            for name, literals in circuit.signals.items()
            if name.startswith(OUTPUTS)
            for literal in literals
        )
        observed, start = (*statements, *outputs), stored_bits(CASES[self._task.core].config)
        for number in equivalent_faults(circuit, self._left, observed, start=start, mined=mined):
            self._decide(number, "equivalent")

    def _refute(self, name: str, numbers: set[int]) -> None:
        """Find faults that a bounded proof refutes."""
        if not numbers:
            return
        case, faults = CASES[name], Faults(set(numbers))
        case.check(circuit=self._circuit(case.harness(), numbers), faults=faults)
        for number, why in faults.refuted.items():
            self._decide(number, "refuted", f"{name}: {why[:80]}")

    def _run_at_random(self) -> None:
        """Find faults that random runs of the induction's harness refute.

        The fewer faults are left, the more runs has each: the runs end when they refute no further.
        """
        if not self._left:
            return
        name = self._proofs.endless
        case = INDUCTIONS[name]
        many = replace(case, scenario=replace(case.scenario, images=IMAGES))
        circuit = self._circuit(endless_harness(many), self._left)
        seed = 1
        while self._left:
            induction = induction_of(many, circuit, self._left)
            refuted = induction.refute(IMAGES * case.depth, seed)
            for number, why in refuted.items():
                self._decide(number, "refuted", f"{name}: {why}")
            if not refuted:
                break
            seed += 1

    def _without_end(self, number: int) -> str:
        """Return what the induction over images does for a fault, or nothing if it shows nothing.

        An invariant that is too weak after the fault's counterexamples shows nothing. Registers
        keep their names only in a circuit with one fault.
        """
        name, task = self._proofs.endless, self._task
        fault = _faults(task.core, task.count)[number - 1].unconditional()
        harness = endless_harness(INDUCTIONS[name])
        circuit = compile_circuit(harness, change=f"{AREA.enumerate}\n{fault}")
        try:
            did = prove_images(name, circuit=circuit, weakens=True)
        except ProofError:
            return ""
        return f"{name} holds with it: {did}"

    def _explained(self, number: int) -> tuple[str, str]:
        fault = _faults(self._task.core, self._task.count)[number - 1].described("top")
        for pattern, why in EXPLANATIONS:
            if re.search(pattern, fault):
                return "explained", why
        return "unexplained", ""
