# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check mutants`: checks that the tests find each fault inserted into the hardware."""

from concurrent.futures import ThreadPoolExecutor

import click
from tqdm import tqdm

from firstspike.golden.system import programs
from firstspike.scripts.options import number_option
from firstspike.scripts.output import say, table
from firstspike.scripts.places import Verb
from firstspike.sim.harness.runner import check_tools
from firstspike.sim.mutants.faults import FAULTS, finds
from firstspike.sim.mutants.mutation import MutantError


@click.command(cls=Verb)
@click.argument("names", nargs=-1, metavar="[FAULT ...]")
@number_option("--jobs", default=2, help="Try N faults at once.")
def command(names: tuple[str, ...], jobs: int) -> int:
    """Put faults into the hardware, one by one, and say which check finds each of them.

    Without names all faults are tried. Ends with exit status 1 if one is not found.

    Example: firstspike check mutants tie-in-a-group
    """
    known = {fault.name: fault for fault in FAULTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.UsageError(f"There is no fault {unknown[0]!r}: known are {', '.join(known)}.")
    chosen = [known[name] for name in names] or list(FAULTS)
    check_tools()
    with ThreadPoolExecutor(jobs) as pool:
        found_without = finds(None)
        if found_without:
            raise MutantError(f"the check {found_without} fails on the hardware as it is.")
        try:
            found = list(tqdm(pool.map(finds, chosen), total=len(chosen), unit="fault"))
        except BaseException:
            programs.end_all()  # otherwise the pool would wait for them
            raise
    files = [f"hdl/{fault.module.replace('.', '/')}.py" for fault in chosen]
    verdicts = [f"found by {check}" if check else "MISSED" for check in found]
    say(table(list(zip([fault.name for fault in chosen], files, verdicts, strict=True))))
    caught = sum(check is not None for check in found)
    say(f"{caught} of {len(chosen)} faults found")
    return int(caught < len(chosen))
