# SPDX-License-Identifier: BSD-2-Clause
"""What each test reaches: recorded once per file of tests, until it or a reached source changes.

A record is a file of JSON with the durations of the tests that pass, the digests of all files that
the tests reach, and the lines of each of these files. Sets of tests are bits of an integer.
"""

import hashlib
import json
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import coverage
import coverage.exceptions

from tests.faults.plugin import CONTEXT, SHARED
from tests.faults.sandbox import Sandbox

FOLDERS = ("boards", "golden", "hdl", "scripts", "sim", "tests")
"""Folders whose lines are recorded."""

# Measured on tests/boards/test_layout.py (seconds of processor time): 13.0 without coverage, 21.6
# with a context per file, 24.5 with one per test, 26.6 with hdl and sim, 26.8 with pytest-cov.
_SETTINGS = """\
[run]
core = ctrace
parallel = true
context = ${{{context}-}}
patch = _exit
data_file = {data}/data
source = {folders}
omit = */tests/faults/*
disable_warnings =
    already-imported, couldnt-parse, module-not-imported, module-not-measured, no-data-collected,
    trace-changed
"""


def digest(content: bytes) -> str:
    """Return a digest of a content."""
    return hashlib.sha256(content).hexdigest()[:32]


def record_file(folder: Path, name: str) -> Path:
    """Return the file for the record of a file of tests."""
    return folder / name.replace("/", "-").replace(".py", ".json")


def is_valid(folder: Path, name: str, checkout: Path) -> bool:
    """Return whether the record of a file of tests exists, and all that it reaches is unchanged."""
    if not (path := record_file(folder, name)).exists():
        return False
    sources = json.loads(path.read_text())["sources"]
    return all(
        (checkout / source).exists() and digest((checkout / source).read_bytes()) == known
        for source, known in sources.items()
    )


def record(sandbox: Sandbox, folder: Path, name: str) -> None:
    """Run a file of tests with coverage, and write its record to `folder`."""
    own = sandbox.folder / "coverage"
    own.mkdir(exist_ok=True)
    for part in own.iterdir():
        part.unlink()
    folders = ",".join(str(sandbox.checkout / one) for one in FOLDERS)
    settings, report = own / "settings", own / "report"
    settings.write_text(_SETTINGS.format(context=CONTEXT, data=own, folders=folders))
    status, printed = sandbox.test(
        name, env={"COVERAGE_PROCESS_START": str(settings), "FAULTS_RECORD": str(report)}
    )
    if not report.exists():
        sys.exit(f"{name} has not run: pytest ended with status {status}.\n{printed}")
    noted = json.loads(report.read_text())
    reached = _reached(own, sandbox.checkout, list(noted["seconds"]))
    sources = {path: digest((sandbox.checkout / path).read_bytes()) for path in {name, *reached}}
    sandbox.clean()
    written = json.dumps({**noted, "sources": sources, "reached": reached})
    record_file(folder, name).write_text(written)


def _reached(own: Path, checkout: Path, tests: list[str]) -> dict[str, dict[str, list[int]]]:
    """Return the lines of each file by the tests that reach them; bit 0 is the shared context."""
    bits = {SHARED: 1, **{test: 2 << number for number, test in enumerate(tests)}}
    found = defaultdict[str, dict[int, int]](lambda: defaultdict(int))
    for part in own.glob("data.*"):
        data = coverage.CoverageData(basename=str(part))
        with suppress(coverage.exceptions.DataError):  # the process was killed while it wrote
            data.read()
            for path in data.measured_files():
                lines = found[str(Path(path).relative_to(checkout))]
                for line, contexts in data.contexts_by_lineno(path).items():
                    for context in contexts:
                        lines[line] |= bits.get(context, 0)
        data.close()
    groups = defaultdict[str, dict[str, list[int]]](lambda: defaultdict(list))
    for path, lines in sorted(found.items()):
        for line, mask in sorted(lines.items()):
            groups[path][f"{mask:x}"].append(line)
    return groups
