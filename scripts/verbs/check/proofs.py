# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check proofs`: what is proven of the hardware, and the proofs themselves."""

from dataclasses import dataclass

import click

from firstspike.scripts.options import number_option, scheduler_option
from firstspike.scripts.output import say, table
from firstspike.scripts.places import Verb
from firstspike.scripts.shares import shares
from firstspike.sim.formal.catalogue import PROOFS
from firstspike.sim.formal.mutants import MUTATED, Verdict, mutants_of, verdict_of
from firstspike.sim.formal.proof import ProofError


@dataclass(frozen=True)
class Outcome:
    """What came of a proof: `fault` is empty if it holds."""

    did: str
    seconds: float
    fault: str


@click.command(cls=Verb)
@click.argument("names", nargs=-1, metavar="[PROOF ...]")
@click.option("--list", "listed", is_flag=True, help="List the proofs, and run none.")
@number_option(
    "--mutants",
    help="Put N automatic faults into each proven core instead, and see that its proof refutes "
    "those that change what it does.",
)
@scheduler_option
def command(names: tuple[str, ...], listed: bool, mutants: int | None, scheduler: str | None) -> int:
    """Prove properties of the hardware for all inputs, and say what has been proven.

    Without names all proofs are run, which takes long; `fast` names those of `make test`. A proof
    that has been done is not repeated until the sources change. Ends with exit status 1 if a
    property does not hold, or if a fault is neither refuted nor explained.

    Example: firstspike check proofs crossing-window-1
    """
    chosen = _chosen(names)
    if listed:
        rows = [(one.name, "fast" if one.is_fast else "long", one.shapes) for one in chosen]
        say(table(rows))
        return 0
    if mutants is not None:
        return _run_mutants(names, mutants, scheduler)
    failed = 0
    with shares(scheduler) as work:
        for name, outcome in work.results(prove, [one.name for one in chosen], what="proofs"):
            proof = PROOFS[name]
            what = f"{outcome.did}, {outcome.seconds:.0f} s" if outcome.did else outcome.fault
            failed += bool(outcome.fault)
            verdict = "REFUTED" if outcome.fault else "proven"
            say(f"{name}: {verdict}, {proof.shapes} ({proof.engine}, {what})\n  {proof.claim}")
    say(f"{len(chosen) - failed} of {len(chosen)} proofs hold")
    return int(failed > 0)
