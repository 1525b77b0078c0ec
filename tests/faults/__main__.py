# SPDX-License-Identifier: BSD-2-Clause
"""Put automatic faults into the code of the last commit, and list those no test catches.

    make faults N=600 SEED=1
    make faults JS=60 SEED=1      in the scripts of the page, run by its tests
    make faults N=20 FILES="golden/sound/pdm.py golden/neuron.py" JOBS=2

First each file of tests that has changed, or reaches a source that has changed, runs once to record
what its tests reach. Results are kept in build/faults: an interrupted run continues where it ended,
and a further commit tries only those faults again that were not caught.

The tests of a fault may reach it in other processes, and run isolated from the user's files. Where
none fails, mypy checks the types, as in `make test`.
"""

import argparse
import fcntl
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from firstspike.golden.system.progress import bar
from tests.faults.operators import Fault, draw
from tests.faults.reach import Reach
from tests.faults.records import digest, is_valid, record
from tests.faults.sandbox import TORCH, Sandbox
from tests.faults.scripts import Script, is_script
from tests.faults.survivors import explanation

DRAWN = ("boards", "golden", "scripts")
WITH_TORCH = "golden/torch/"
SCRIPTS = "scripts/page/web"
PORTIONS = (8, 40)
"""Seconds of the first runs of pytest for a fault; the last run has the other tests."""

COLLECTION = 1.0
"""Seconds that pytest takes to collect a file of tests."""

GRACE = 120
"""Seconds that a run of pytest may take in addition: numba compiles functions."""

_FAILED = re.compile(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", re.MULTILINE)


def portions(tests: Sequence[str], seconds: dict[str, float]) -> list[list[str]]:
    """Divide tests into those of the first seconds and the others, each by their files."""
    found: list[list[str]] = [[] for _ in range(len(PORTIONS) + 1)]
    total, files = 0.0, set[str]()
    for test in tests:
        file = test.partition("::")[0]
        total += seconds[test] + (0 if file in files else COLLECTION)
        files.add(file)
        found[sum(total > one for one in PORTIONS)].append(test)
    return [sorted(one, key=lambda test: test.partition("::")[0]) for one in found if one]


def patience(tests: Sequence[str], seconds: dict[str, float]) -> float:
    """Return the seconds after which a run of tests does not end, more if the computer is busy."""
    files = {test.partition("::")[0] for test in tests}
    total = sum(seconds[test] for test in tests) + COLLECTION * len(files)
    return (GRACE + 5 * total) * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))


def tried(
    sandbox: Sandbox, fault: Fault, reach: Reach, limit: float, catches: Counter[str]
) -> dict[str, Any]:
    """Return the result of a fault: its outcome, the test that decided, and how many tests ran.

    Tests with the most `catches`, faults of the same file that they have caught, run first.
    """
    direct, shared = (
        sorted(some, key=lambda test: -catches[test])
        for some in reach.tests(fault.path, fault.line)
    )
    chosen, total = [], 0.0
    for test in (*direct, *shared):
        if (total := total + reach.seconds[test]) <= limit or not chosen:
            chosen.append(test)
    result = {"tests": len(direct), "others": len(shared), "ran": 0, "by": ""}
    compiled = reach.is_compiled(fault.path)
    with sandbox.changed(fault.path, fault.text):
        for portion in portions(chosen, reach.seconds):
            result["ran"] += len(portion)
            limited = patience(portion, reach.seconds)
            status, printed = sandbox.select(portion, limited, fresh=compiled)
            if status is None:
                return result | {"outcome": "timed out"}
            if status:
                failed = _FAILED.search(printed)
                by = failed[1] if failed else f"pytest's status {status}"
                result |= {"outcome": "caught", "by": by}
                break
        else:
            if fault.path.endswith(".py") and not sandbox.passes_mypy():
                return result | {"outcome": "caught", "by": "mypy"}
    if result["by"]:
        if not failed and sandbox.select(portion[:1], limited, fresh=False)[0]:
            sys.exit(f"The tests do not run without a fault, either:\n{printed}")
        return result
    if not chosen:
        return result | {"outcome": "not reached"}
    return result | {
        "outcome": "survived" if len(chosen) == len(direct) + len(shared) else "undecided"
    }


def each(
    sandboxes: Sequence[Sandbox], tasks: Iterable[Any], function: Callable[[Sandbox, Any], Any]
) -> Iterator[tuple[Any, Any]]:
    """Call a function with a free sandbox for each task; yield tasks with their results."""
    free = SimpleQueue[Sandbox]()
    for sandbox in sandboxes:
        free.put(sandbox)

    def call(task: Any) -> Any:
        sandbox = free.get()
        try:
            return function(sandbox, task)
        finally:
            free.put(sandbox)

    pool = ThreadPoolExecutor(len(sandboxes))
    try:
        running = {pool.submit(call, task): task for task in tasks}
        for ended in as_completed(running):
            yield running[ended], ended.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder, or end the program if another process uses it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"Another process uses {folder}: wait for its end.")
        yield


class Campaign:
    """Faults of a commit and their results.

    Parameters
    ----------
    root
        The checkout.
    jobs
        Number of processes.
    limit
        Seconds of tests for a fault.
    javascript
        Whether the faults are those of the page's scripts.
    """

    def __init__(self, root: Path, jobs: int, limit: float, *, javascript: bool = False) -> None:
        self._folder, self._limit, self._javascript = root / "build/faults", limit, javascript
        words = ("git", "-C", root, "rev-parse", "HEAD")
        self._commit = subprocess.check_output(words, text=True).strip()
        folders = [self._folder / f"sandbox-{number}" for number in range(jobs)]
        self._sandboxes = [Sandbox(root, folder, self._commit) for folder in folders]
        self.checkout = self._sandboxes[0].checkout
        """Folder with the sources of the commit."""

        self._results = self._folder / "results.jsonl"

    def paths(self) -> list[str]:
        """Return the files that have faults."""
        folders, ending = ((SCRIPTS,), "*.js") if self._javascript else (DRAWN, "*.py")
        found = (path for one in folders for path in (self.checkout / one).rglob(ending))
        return [str(path.relative_to(self.checkout)) for path in found]

    def reach(self, folder: str) -> Reach:
        """Return what the tests of a folder reach, and record it where a record is missing."""
        records = self._folder / "records"
        records.mkdir(exist_ok=True)
        found = (
            str(path.relative_to(self.checkout))
            for path in sorted(self.checkout.glob(f"{folder}/test_*.py"))
        )
        others = () if folder == TORCH else ("tests/faults/", TORCH)
        names = [name for name in found if not name.startswith(others)]
        missing = [one for one in names if not is_valid(records, one, self.checkout)]
        if missing:
            with bar(total=len(missing), desc="files of tests recorded", unit="file") as shown:
                for _ in each(
                    self._sandboxes, missing, lambda sandbox, name: record(sandbox, records, name)
                ):
                    shown.update()
        reach = Reach(self.checkout, records, names)
        if reach.failed:
            names = ", ".join(reach.failed)
            print(
                f"{len(reach.failed)} tests do not pass without a fault: {names}", file=sys.stderr
            )
        return reach

    def results(self, faults: Sequence[Fault]) -> dict[Fault, dict]:
        """Return the result of each fault, of an earlier run or of this one."""
        keys = {fault: digest(f"{fault.path} {fault.text}".encode()) for fault in faults}
        lines = self._results.read_text().splitlines() if self._results.exists() else ()
        known = {one["key"]: one for one in map(json.loads, lines) if self._counts(one)}
        found = {fault: known[keys[fault]] for fault in faults if keys[fault] in known}
        left = [fault for fault in faults if fault not in found]
        if not left:
            return found
        if not (self._javascript or self._sandboxes[0].passes_mypy()):
            sys.exit("mypy does not pass without a fault: see `make check`.")
        folders = {fault: self._tests_of(fault) for fault in left}
        reached = {folder: self.reach(folder) for folder in sorted({*folders.values()})}
        counts = Counter(one["outcome"] for one in found.values())
        catches = defaultdict[str, Counter[str]](Counter)
        for fault, result in found.items():
            catches[fault.path][result["by"]] += 1
        with (
            self._results.open("a") as file,
            bar(total=len(faults), initial=len(found), unit="fault") as shown,
        ):
            shown.set_postfix(counts, refresh=False)
            for fault, result in each(
                self._sandboxes,
                left,
                lambda sandbox, one: tried(
                    sandbox, one, reached[folders[one]], self._limit, catches[one.path]
                ),
            ):
                found[fault] = {
                    **{"key": keys[fault], "commit": self._commit, "limit": self._limit},
                    **{"fault": str(fault), **result},
                }
                file.write(json.dumps(found[fault]) + "\n")
                file.flush()
                counts[result["outcome"]] += 1
                catches[fault.path][result["by"]] += 1
                shown.set_postfix(counts, refresh=False)
                shown.update()
        return found

    def _tests_of(self, fault: Fault) -> str:
        """Return the folder of the tests that run for a fault; it may be a pattern."""
        if self._javascript:
            return "tests/page"
        return TORCH if fault.path.startswith(WITH_TORCH) else "tests/*"

    def _counts(self, result: dict[str, Any]) -> bool:
        """Return whether an earlier result still counts."""
        return result["outcome"] in ("caught", "timed out") or (
            result["commit"] == self._commit and result["limit"] == self._limit
        )


def report(results: dict[Fault, dict]) -> int:
    """Print the faults that were not caught, and the numbers; returns how many have survived."""
    counts = Counter[str]()
    for fault, result in sorted(results.items()):
        outcome = result["outcome"]
        why = explanation(str(fault)) if outcome in ("survived", "undecided") else ""
        counts["explained" if why else outcome] += 1
        if outcome != "caught":
            every = result["tests"] + result["others"]
            print(f"{outcome}, {result['ran']} of {every} tests: {fault}")
            print(*(f"    {one}" for one in (why, result["by"]) if one), sep="\n", end="")
    print(", ".join(f"{number} {outcome}" for outcome, number in counts.most_common()))
    return counts["survived"]


def main() -> None:
    """Try the faults, and print those that were not caught; exit status 1 if some survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--javascript", action="store_true", help="faults of the page's scripts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=float, default=300, help="seconds of tests for a fault")
    options = parser.parse_args()
    root = Path(__file__).parents[2]
    with locked(root / "build/faults"):
        javascript = options.javascript
        campaign = Campaign(root, options.jobs, options.limit, javascript=javascript)
        paths = options.files or campaign.paths()
        if missing := sorted({*paths} - {*campaign.paths()}):
            known = f"script of {SCRIPTS}" if javascript else f"Python file of {', '.join(DRAWN)}"
            parser.error(f"{missing[0]} is no {known} in the last commit")
        kind = (Script, is_script) if javascript else ()
        faults = draw(campaign.checkout, paths, options.count, options.seed, *kind)
        try:
            results = campaign.results(faults)
        except KeyboardInterrupt:
            os._exit(130)  # the programs that still run end with this process
    sys.exit(bool(report(results)))


if __name__ == "__main__":
    main()
