# SPDX-License-Identifier: BSD-2-Clause
"""Automatic faults in the blocks of every folder of `hdl`: which of them the quick benches find."""

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from amaranth.hdl import UnusedElaboratable
from amaranth.lib import wiring

from firstspike.hdl.flow.toolchain import ToolError
from firstspike.hdl.flow.verilog import convert
from firstspike.sim.formal.circuit import CircuitError, compile_circuit
from firstspike.sim.formal.drawing import CONTROL, Area, Fault, draw
from firstspike.sim.formal.miter import is_equivalent
from firstspike.sim.harness.runner import AbortedError, plusargs
from firstspike.sim.harness.verilog import conversion

from .child import processor_time, within
from .mutation import MutantError
from .survivors import SURVIVORS
from .targets import TARGETS, Target, digest_of_benches

KINDS = "caught", "equivalent", "explained", "survived"
"""Verdicts on a fault: the bench fails; no output differs, whatever the inputs; a table explains
why the bench cannot find it; none of these."""

_LOOPS = "/* verilator lint_off UNOPTFLAT */\n"
"""A bit of a vector that depends on another one of it looks like a loop to Verilator."""

SELECT_BITS = 16
"""Width of the register that selects a fault."""

PATIENCE = 4
"""Multiple of the processor time without a fault which, with `GRACE`, a bench may take."""

GRACE = 2
"""Seconds of processor time."""

PROOF_SECONDS = 60
"""Seconds of processor time that the search for a proof of equivalence in a module may take."""


@dataclass(frozen=True)
class RandomTask:
    """A share: faults, numbered from 1, of the `count` in a folder's cells of a design."""

    target: str
    folder: str
    count: int
    seed: int
    numbers: tuple[int, ...]
    benches: str = ""
    """The digest of the benches: results are kept as long as it and the sources stay."""


@dataclass(frozen=True)
class Verdict:
    """The result for a fault."""

    target: str
    folder: str
    number: int
    fault: str
    sources: tuple[str, ...]
    """Lines of Amaranth, as hdl/FOLDER/FILE.py:LINE."""
    kind: str
    """One of `KINDS`."""
    why: str
    """How the bench fails, or the explanation."""


def random_tasks(
    count: int, seed: int, targets: Sequence[str] = (), share: int = 20
) -> list[RandomTask]:
    """Spread faults over the folders of `hdl`, and over the designs of each folder, in shares.

    `targets` are names of designs, none for all.
    """
    chosen = [one for one in TARGETS.values() if one.name in targets or not targets]
    folders = sorted({folder for one in chosen for folder in one.folders})
    tasks, benches = [], digest_of_benches()
    for folder, of_folder in zip(folders, _parts(count, len(folders)), strict=True):
        designs = [one for one in chosen if folder in one.folders]
        for one, part in zip(designs, _parts(of_folder, len(designs)), strict=True):
            for first in range(1, part + 1, share):
                numbers = tuple(range(first, min(first + share, part + 1)))
                tasks.append(RandomTask(one.name, folder, part, seed, numbers, benches))
    return tasks


def _parts(count: int, parts: int) -> list[int]:
    return [count // parts + (number < count % parts) for number in range(parts)]


def random_verdicts(task: RandomTask) -> tuple[Verdict, ...]:
    """Run the quick bench of a design with each fault, and look for a proof where it passes.

    A design with few cells in the folder has fewer faults than the task names.

    Raises MutantError if the bench fails without a fault, or nothing of the design is Verilog.
    """
    # A component that has been converted before is made again, and dropped.
    warnings.simplefilter("ignore", UnusedElaboratable)
    target, faulty = TARGETS[task.target], _Faulty(task)
    why = _failure(target, faulty, 0)  # converts, draws the faults and compiles
    if why:
        raise MutantError(f"the bench {target.name} fails without a fault: {why}")
    if not faulty.top:
        raise MutantError(f"{target.name} simulates no cell of hdl/{task.folder}.")
    before = processor_time()
    within(10 * 60, partial(_failure, target, faulty, 0))
    limit = GRACE + PATIENCE * (processor_time() - before)
    numbers = [number for number in task.numbers if number <= len(faulty.faults)]
    return tuple(_verdict(target, faulty, number, limit) for number in numbers)


def _verdict(target: Target, faulty: "_Faulty", number: int, limit: float) -> Verdict:
    fault = faulty.faults[number - 1]
    text = fault.described(faulty.top)

    def verdict(kind: str, why: str = "") -> Verdict:
        return Verdict(target.name, faulty.task.folder, number, text, fault.sources, kind, why)

    why = within(limit, partial(_failure, target, faulty, number))
    if why is None:
        return verdict("caught", "the bench does not end")
    if why:
        return verdict("caught", why)
    if faulty.is_harmless(fault):
        return verdict("equivalent")
    return verdict("survived")


def explained(verdict: Verdict) -> Verdict:
    """The verdict on a fault that has survived, with the explanation where the table has one."""
    for design, pattern, reason in SURVIVORS:
        is_survivor = verdict.kind == "survived" and design == verdict.target
        if is_survivor and re.search(pattern, verdict.fault):
            return replace(verdict, kind="explained", why=reason)
    return verdict


def _failure(target: Target, faulty: "_Faulty", number: int) -> str:
    """Return how the bench fails with a fault, or nothing; number 0 is no fault."""
    converting = conversion.set(faulty)
    selecting = plusargs.set((f"+{CONTROL}={number}",))
    try:
        target.run()
    except (OSError, MemoryError, AbortedError):  # no verdict on the design
        raise
    except Exception as error:  # with a fault, what compares results may meet anything
        return str(error).partition("\n")[0][:160] or type(error).__name__
    finally:
        plusargs.reset(selecting)
        conversion.reset(converting)
    return ""


class _Faulty:
    """Converts the components of a bench to Verilog, and puts the faults into the first possible.

    A register that a plusarg of the simulation sets selects the fault, so that one compiled
    simulation does for all of them.
    """

    def __init__(self, task: RandomTask) -> None:
        self.task = task
        self.faults: tuple[Fault, ...] = ()
        self.top = ""
        """The module with the faults, in the RTLIL `_design`."""
        self._design = ""
        self._area = Area("", f"a:src=*/hdl/{task.folder}/* c:* %i")
        self._texts: dict[tuple[str, str | None], str] = {}

    def __call__(
        self, build: Callable[[], wiring.Component], name: str, made_from: str | None
    ) -> str:
        # A bench may simulate several designs of one name, of which the first has the faults.
        key = name, made_from
        if key not in self._texts:
            before = self.top
            text = convert(build(), name, change=partial(self._commands, name))
            self._texts[key] = text if self.top == before else _selecting(text, name)
        return self._texts[key]

    def _commands(self, name: str, design: str) -> list[str]:
        if self.faults:
            return []
        self.faults = draw(design, self._area, self.task.count, self.task.seed)
        if not self.faults:
            return []
        self.top, self._design = name, design
        put = [fault.selected_by(i, SELECT_BITS) for i, fault in enumerate(self.faults, 1)]
        return [self._area.enumerate, *put, f"delete -input {name}/{CONTROL}"]

    def is_harmless(self, fault: Fault) -> bool:
        """Whether no output of a module around the fault can differ, by a proof of limited time.

        The modules are that of the cell, and each one around the one before.
        """
        module = fault.options["module"]
        while module:
            if within(PROOF_SECONDS, partial(self._prove, fault, module)):
                return True
            module = module.rpartition(".")[0]
        return False

    def _prove(self, fault: Fault, module: str) -> bool:
        change = f"{self._area.enumerate}\n{fault.selected_by(1, 1)}\nhierarchy -top {module}"
        try:
            circuit = compile_circuit(self._design, change, self.top)
            return is_equivalent(circuit, 1, chain.from_iterable(circuit.outputs.values()))
        except (CircuitError, ToolError):  # such as several clocks, or no more time
            return False


def _selecting(text: str, top: str) -> str:
    """The Verilog with the control of the faults as a register that the plusarg sets."""
    begin = re.search(rf"^module \\?{re.escape(top)}\s*\(", text, re.MULTILINE)
    assert begin is not None
    declared = f"wire [{SELECT_BITS - 1}:0] {CONTROL};"
    register = (
        f"reg [{SELECT_BITS - 1}:0] {CONTROL};\n"
        f'  initial if (!$value$plusargs("{CONTROL}=%d", {CONTROL})) {CONTROL} = 0;'
    )
    before, inside = text[: begin.start()], text[begin.start() :]
    if declared not in inside.partition("\nendmodule")[0]:
        raise MutantError(f"{top} has no declaration of {CONTROL}.")
    return _LOOPS + before + inside.replace(declared, register, 1)
