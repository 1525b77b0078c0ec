# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check proofs`: lists the proven properties of the hardware, and runs the proofs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter

import click

from firstspike.scripts.options import number_option, scheduler_option
from firstspike.scripts.output import say, table
from firstspike.scripts.paths import Verb
from firstspike.scripts.shares.work import Shares, shares
from firstspike.scripts.verbs.check import check_names
from firstspike.sim.formal.catalogue import PROOFS
from firstspike.sim.formal.mutants import KINDS, MUTATED, mutants_of, verdicts_of
from firstspike.sim.formal.proofs import Proof, ProofError

FAST = "fast"
"""The name that selects all proofs that take seconds."""


@dataclass(frozen=True)
class Outcome:
    """The work for a proof, and the reason why it fails; `fault` is empty if it holds."""

    did: str
    seconds: float
    fault: str = ""


@click.command(cls=Verb)
@click.argument("names", nargs=-1, metavar="[PROOF ...]")
@click.option("--list", "listed", is_flag=True, help="List the proofs, and carry out none.")
@number_option(
    "--mutants",
    help="Put N automatic faults into each proven core, and show that its proofs refute each, or "
    "that it changes nothing.",
)
@scheduler_option
def command(
    names: tuple[str, ...], listed: bool, mutants: int | None, scheduler: str | None
) -> int:
    """Prove properties of the hardware, for all inputs, and print what is proven.

    Without names the command carries out all proofs; `fast` stands for those that take
    seconds. Results are kept until the sources change. The exit status is 1 if a property does
    not hold.

    With --mutants a name is that of a core. The exit status is 1 if a fault is unexplained: no
    proof refutes it, nothing shows that it is equivalent or harmless, and no table explains it.

    Example: firstspike check proofs crossing-window-1 ring
    """
    if mutants is not None:
        if listed:
            raise click.UsageError("--list and --mutants do not go together.")
        check_names(names, MUTATED, "core")
        with shares(scheduler) as work:
            return _try_mutants(work, names or MUTATED, mutants)
    fast = [name for name, proof in PROOFS.items() if proof.is_fast]
    plain = [name for name in names if name != FAST]
    check_names(plain, PROOFS, "proof")
    chosen = [*(fast if FAST in names else ()), *plain]
    proofs = [PROOFS[name] for name in dict.fromkeys(chosen)] or list(PROOFS.values())
    if listed:
        rows = [(one.name, "fast" if one.is_fast else "long", one.shapes) for one in proofs]
        say(table(rows, str.ljust))
        return 0
    with shares(scheduler) as work:
        return _prove(work, proofs)


def proven(name: str) -> Outcome:
    """Run a proof."""
    start = perf_counter()
    try:
        did = PROOFS[name].prove(lambda text: None)
    except ProofError as error:
        return Outcome("", perf_counter() - start, str(error))
    return Outcome(did, perf_counter() - start)


def _prove(work: Shares, proofs: list[Proof]) -> int:
    failed = 0
    for name, outcome in work.results(proven, [proof.name for proof in proofs], what="proofs"):
        proof = PROOFS[name]
        if outcome.fault:
            failed += 1
            say(f"{name}: does NOT hold\n{outcome.fault}")
        else:
            say(f"{name}: {proof.claim}\n    {proof.shapes}; {proof.engine}, {outcome.did}")
    say(f"{len(proofs) - failed} of {len(proofs)} proofs hold")
    return int(failed > 0)


def _try_mutants(work: Shares, cores: Iterable[str], count: int) -> int:
    tasks = [task for core in cores for task in mutants_of(core, count)]
    kinds: Counter[str] = Counter()
    for _, verdicts in work.results(verdicts_of, tasks, what="shares of faults"):
        for one in verdicts:
            kinds[one.kind] += 1
            if one.kind in ("explained", "unexplained"):
                say(f"{one.core} {one.number}, {one.kind}: {one.fault}: {one.why}")
    named = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS)
    say(f"{kinds.total()} faults: {named}")
    return int(kinds["unexplained"] > 0)
