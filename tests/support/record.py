# SPDX-License-Identifier: BSD-2-Clause
"""The record of the tests that take long: when each has last passed, and which ones are due.

`tests/long.csv` has one row for each test: its name, the seconds that it took, the commit and the
date of its last pass. `make long MINUTES=n` runs the tests that are due within n minutes, `make
record` adds the passes of this checkout, and `make release` demands all passes on its commit.
"""

import csv
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from firstspike.rooms import PLACES, rooms

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "tests/long.csv"
PASSED = ROOT / "build/passed.csv"
"""Tests that take long and that passed in this checkout since `make record`."""

UNKNOWN = 60.0
"""Seconds that a test without a record is supposed to take."""

# The product that the tests of a folder cover, beside this folder itself.
COVERED = {
    "blocks": ("hdl", "golden/layers", "golden/timing"),
    "boards": ("boards",),
    "bus": ("hdl/bus", "sim/vectors"),
    "cluster": ("scripts/shares",),
    "command_line": ("scripts",),
    "core": ("golden/layers", "golden/timing", "hdl/core", "hdl/layer", "hdl/lib", "sim"),
    "docs": ("docs",),
    "examples": ("examples", "README.md"),
    "formal": ("sim/formal", "hdl/core", "hdl/layer"),
    "golden": ("golden",),
    "learning": ("golden/learning", "hdl/learner"),
    "link": ("hdl/link", "boards/client", "scripts/selftest"),
    **{room: tuple(f"{place}/{room}" for place in PLACES) for room in rooms()},
}


class Pass(NamedTuple):
    """The last pass of a test."""

    seconds: float
    commit: str
    date: str


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def _read(path: Path) -> dict[str, Pass]:
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {test: Pass(float(seconds), commit, date) for test, seconds, commit, date in rows}


def _write(path: Path, passes: dict[str, Pass]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["test", *Pass._fields])
        writer.writerows([test, *passes[test]] for test in sorted(passes))


@cache
def _changed(commit: str) -> tuple[str, ...] | None:
    """Files that differ between a commit and the checkout; None if git lacks the commit."""
    try:
        return tuple(_git("diff", "--name-only", commit).split())
    except subprocess.CalledProcessError:
        return None


def touched(test: str, passed: Pass) -> bool:
    """Say whether files have changed that a test covers, since it passed."""
    folder = test.split("/")[1]
    covered = (f"tests/{folder}", *COVERED.get(folder, ("",)))
    changed = _changed(passed.commit)
    return changed is None or any(file.startswith(covered) for file in changed)


def due(tests: Iterable[str], minutes: float, workers: int) -> set[str]:
    """Return the tests that are due, as many as `workers` run within `minutes`.

    First come those that never passed, then those whose folder or product has changed since they
    passed, then the others; among these, the one whose pass is oldest comes first.
    """
    record = _read(RECORD)

    def urgency(test: str) -> tuple[int, str, str]:
        if test not in record:
            return 0, "", test
        return 1 if touched(test, record[test]) else 2, record[test].date, test

    left = 60 * minutes * workers
    chosen = set()
    for test in sorted(tests, key=urgency):
        seconds = record[test].seconds if test in record else UNKNOWN
        if seconds <= left:
            chosen.add(test)
            left -= seconds
    return chosen


def keep(reports: Iterable) -> None:
    """Store which tests that take long passed by these reports, if the checkout has no changes."""
    seconds: dict[str, float] = {}
    failed = set()
    for report in reports:
        if not isinstance(report, pytest.TestReport) or {"long", "thorough"}.isdisjoint(
            report.keywords
        ):
            continue
        seconds[report.nodeid] = seconds.get(report.nodeid, 0) + report.duration
        if not report.passed:
            failed.add(report.nodeid)
    passed = seconds.keys() - failed
    if not passed or _git("status", "--porcelain", "--untracked-files=no"):
        return
    commit, date = _git("rev-parse", "HEAD").strip(), f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    new = {test: Pass(round(seconds[test], 1), commit, date) for test in passed}
    _write(PASSED, {**_read(PASSED), **new})


def renew() -> None:
    """Add the passes of this checkout to the record, without tests that no longer exist."""
    record = {**_read(RECORD), **_read(PASSED)}
    tests = set(_collected())
    _write(RECORD, {test: record[test] for test in record if test in tests})
    PASSED.unlink(missing_ok=True)
    print(f"{RECORD.relative_to(ROOT)}: {len(tests & record.keys())} of {len(tests)} tests")


def check() -> None:
    """Exit with an error unless each test has passed on the last commit, but for the record."""
    record = _read(RECORD)
    commits = {passed.commit for passed in record.values()}
    same = {
        commit for commit in commits if _changed(commit) in ((), (str(RECORD.relative_to(ROOT)),))
    }
    open_ = [test for test in _collected() if test not in record or record[test].commit not in same]
    if open_:
        sys.exit(
            f"{len(open_)} tests that take long have not passed on this commit, the first of them "
            f"{open_[0]}: run make long, make thorough and make record, and commit the record."
        )


def _collected() -> list[str]:
    """Return the names of all tests that take long."""
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "long or thorough"]
    run = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    return [line for line in run.stdout.splitlines() if "::" in line]


if __name__ == "__main__":
    {"renew": renew, "check": check}[sys.argv[1]]()
