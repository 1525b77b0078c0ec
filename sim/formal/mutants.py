# SPDX-License-Identifier: BSD-2-Clause
"""Automatic faults in the proven cores, by `mutate` of Yosys: what the proofs make of each."""

import re
from dataclasses import dataclass
from functools import cache

from amaranth.back import rtlil
from amaranth.lib import wiring

from .circuit import Circuit, compile_circuit
from .cores import CASES, INDUCTIONS, endless_harness, prove_images
from .drawing import Area, Fault, draw, run_yosys
from .equivalence import is_equivalent
from .explanations import EXPLANATIONS
from .proof import ProofError


@dataclass(frozen=True)
class Mutated:
    """The proofs of a core that have to refute a fault, in the order in which they are tried."""

    first: tuple[str, ...]
    """Those that are short also for a fault that they do not refute."""
    endless: str
    """The induction over images."""
    covered: tuple[str, ...] = ()
    """Those that cannot refute a fault with which the induction holds."""
    others: tuple[str, ...] = ()


MUTATED = {
    "core-2-lanes": Mutated(
        ("core-2-lanes", "core-writes", "core-reads", "core-reset", "core-2-lanes-pauses"),
        "images-2-lanes",
        covered=("core-2-lanes-images",),
        others=("core-extras",),
    ),
}
"""The proofs of each core, by the name of the proof in whose harness the faults are drawn."""

KINDS = "refuted", "equivalent", "harmless", "explained", "unexplained"
"""Verdicts on a fault: a proof refutes it; it changes no register and no property; all proofs of
the core hold with it, also that of endless sequences of images; it is explained; none of these."""

SEED = 1
"""Seed of the choice of faults."""

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
    """One of `KINDS`."""
    why: str
    """The proof that refutes it, or the explanation."""


def cells_of(harness: wiring.Component) -> dict[tuple[str, str], tuple[str, str]]:
    """Return kind and source line of each cell of the core, by the names that faults use."""
    found, module, source = {}, "", ""
    design = rtlil.convert(harness, name="top")
    for line in run_yosys(design, f"{AREA.read}\nwrite_rtlil named.il", "named.il").splitlines():
        match line.split():
            case ["module", name]:
                module, source = name, ""
            case ["attribute", "\\src", text]:
                source = text
            case ["cell", kind, name]:
                if module.startswith("\\top.core"):
                    found[module, name] = kind, source
                source = ""
            case ["wire", *_]:
                source = ""
    return found


@cache
def _faults(core: str, count: int) -> tuple[Fault, ...]:
    """The faults of a core, drawn in the harness of its first proof."""
    return draw(rtlil.convert(CASES[core].harness(), name="top"), AREA, count, SEED)


@cache
def _faulty(name: str, core: str, count: int) -> Circuit:
    """The circuit of a proof of a core, with all faults to choose from."""
    bits = count.bit_length()
    commands = [
        fault.selected_by(number, bits) for number, fault in enumerate(_faults(core, count), 1)
    ]
    return compile_circuit(CASES[name].harness(), change="\n".join((AREA.enumerate, *commands)))


def _with_fault(name: str, task: MutantTask, number: int) -> Circuit:
    """The circuit of an induction over images with one fault: registers keep their names."""
    fault = _faults(task.core, task.count)[number - 1].unconditional()
    return compile_circuit(endless_harness(INDUCTIONS[name]), change=f"{AREA.enumerate}\n{fault}")


def mutants_of(core: str, count: int, share: int = 10) -> list[MutantTask]:
    """The faults of a core in shares."""
    return [
        MutantTask(core, count, tuple(range(first, min(first + share, count + 1))))
        for first in range(1, count + 1, share)
    ]


def verdicts_of(task: MutantTask) -> tuple[Verdict, ...]:
    """Try the proofs of the core on each fault."""
    proofs = MUTATED[task.core]
    return tuple(_verdict(task, number, proofs) for number in task.numbers)


def _verdict(task: MutantTask, number: int, proofs: Mutated) -> Verdict:
    fault = _faults(task.core, task.count)[number - 1].described("top")

    def verdict(kind: str, why: str = "") -> Verdict:
        return Verdict(task.core, number, fault, kind, why)

    for position, name in enumerate(proofs.first):
        why = _refutation(name, task, number)
        if why:
            return verdict("refuted", why)
        if not position and _is_equivalent(name, task, number):
            return verdict("equivalent")
    harmless = _holds_without_end(proofs.endless, task, number)
    for name in proofs.others if harmless else (*proofs.covered, *proofs.others):
        why = _refutation(name, task, number)
        if why:
            return verdict("refuted", why)
    if harmless:
        return verdict("harmless", harmless)
    for pattern, why in EXPLANATIONS:
        if re.search(pattern, fault):
            return verdict("explained", why)
    return verdict("unexplained")


def _is_equivalent(name: str, task: MutantTask, number: int) -> bool:
    """Whether a fault changes no register of the core, and no property of a proof."""
    circuit = _faulty(name, task.core, task.count)
    properties = (one.condition for one in circuit.asserts)
    return is_equivalent(circuit, number, properties, held={"rst": 0})


def _refutation(name: str, task: MutantTask, number: int) -> str:
    """Return how a proof refutes a fault, or nothing if it holds with the fault."""
    try:
        CASES[name].check(circuit=_faulty(name, task.core, task.count), mutsel=number)
    except ProofError as error:
        return f"{name}: {str(error)[:80]}"
    return ""


def _holds_without_end(name: str, task: MutantTask, number: int) -> str:
    """Return what the induction over images does for a fault, or nothing if it shows nothing.

    An invariant that is too weak after the fault's counterexamples shows nothing.
    """
    try:
        did = prove_images(name, circuit=_with_fault(name, task, number), weakens=True)
    except ProofError:
        return ""
    return f"{name} holds with it: {did}"
