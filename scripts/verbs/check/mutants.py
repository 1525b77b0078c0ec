# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check mutants`: checks that the tests find each fault inserted into the hardware."""

from collections import Counter

import click

from firstspike.scripts.options import number_option, scheduler_option, seed_option
from firstspike.scripts.output import say, table
from firstspike.scripts.paths import Verb
from firstspike.scripts.shares.work import shares
from firstspike.scripts.verbs.check import check_names
from firstspike.sim.harness.runner import check_tools


@click.command(cls=Verb)
@click.argument("names", nargs=-1, metavar="[FAULT | DESIGN ...]")
@number_option(
    "--random",
    help="Put N automatic faults into the cells of small designs, spread over all folders of hdl, "
    "and run the quick bench of each design.",
)
@seed_option("the automatic faults")
@scheduler_option
def command(names: tuple[str, ...], random: int | None, seed: int, scheduler: str | None) -> int:
    """Put faults into the hardware, one by one, and say which check finds each of them.

    Without names the command tries all faults. With --random, names are those of designs, and the
    command lists each fault that no bench finds, unless a proof shows that the fault changes
    nothing. Results are kept until the sources change. The exit status is 1 if a fault is neither
    found nor explained.

    Example: firstspike check mutants tie-in-a-group
    """
    check_tools()
    if random is not None:
        return _try_random(names, random, seed, scheduler)
    return _try_catalogue(names, scheduler)


def _try_catalogue(names: tuple[str, ...], scheduler: str | None) -> int:
    """Try the faults of the catalogue, or those of these names."""
    from firstspike.sim.mutants.faults import FAULTS, fault_tasks, findings
    from firstspike.sim.mutants.targets import TARGETS, check_benches

    known = {fault.name: fault for fault in FAULTS}
    check_names(names, known, "fault")
    chosen = [known[name] for name in names] or list(FAULTS)
    if any(fault.check in TARGETS for fault in chosen):
        check_benches()
    verdicts: dict[str, str] = {}
    with shares(scheduler) as work:
        for _, reasons in work.results(findings, fault_tasks(chosen), what="shares of faults"):
            verdicts |= reasons
    rows = [
        (
            fault.name,
            f"hdl/{fault.module.replace('.', '/')}.py",
            f"found by {fault.check}" if verdicts[fault.name] else "MISSED",
        )
        for fault in chosen
    ]
    caught = sum(map(bool, verdicts.values()))
    say(table(rows))
    say(f"{caught} of {len(chosen)} faults found")
    return int(caught < len(chosen))


def _try_random(names: tuple[str, ...], count: int, seed: int, scheduler: str | None) -> int:
    """Try automatic faults in all designs, or those of these names."""
    from firstspike.sim.mutants.random import KINDS, explained, random_tasks, random_verdicts
    from firstspike.sim.mutants.targets import TARGETS, check_benches

    check_names(names, TARGETS, "design")
    check_benches()
    tried: dict[str, Counter[str]] = {}
    with shares(scheduler) as work:
        tasks = random_tasks(count, seed, names)
        for task, verdicts in work.results(random_verdicts, tasks, what="shares of faults"):
            for one in map(explained, verdicts):
                tried.setdefault(task.folder, Counter())[one.kind] += 1
                if one.kind in ("explained", "survived"):
                    lines = ", ".join(one.sources)
                    say(f"{one.target} {one.number}, {one.kind}: {one.fault} {lines} {one.why}")
    rows = [(f"hdl/{folder}", *(str(of[kind]) for kind in KINDS)) for folder, of in tried.items()]
    total = sum(tried.values(), Counter())
    say(table([("folder", *KINDS), *sorted(rows), ("all", *(str(total[kind]) for kind in KINDS))]))
    detected, different = total["caught"], total.total() - total["equivalent"]
    say(f"{detected} of {different} faults that change something found")
    return int(total["survived"] > 0)
