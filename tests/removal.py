# SPDX-License-Identifier: BSD-2-Clause
"""Takes rooms out of a clone of the last commit, and checks what is left of it.

    python -m tests.removal study        without this room, and those that need it
    python -m tests.removal all          without any room: the base alone

Style, types and the tests of `make quick` pass without a change. Only the text that pages take from
the code is renewed. Other text of the pages may go on naming what is gone: the tests are told so.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from firstspike.golden.system.temporary import temporary_folder
from firstspike.rooms import rooms
from firstspike.scripts.main import PACKAGES
from tests.support.rooms import TAKEN_OUT, VERBS_TAKEN_OUT

ROOT = Path(__file__).parents[1]
PLACES = ("golden", "hdl", "sim", "boards", "scripts", "docs", "tests")
STEPS = {
    "generated text": ("-m", "docs.extension.written"),
    "style": ("-m", "ruff", "check", "."),
    "layout": ("-m", "ruff", "format", "--check", "-q", "."),
    "types": ("-m", "mypy", "-n", "auto"),
    "quick tests": ("-m", "pytest", "-q", "-n", "auto", "-m", "fast and not long"),
}


def with_those_that_need(chosen: Iterable[str]) -> set[str]:
    """Return the chosen rooms and all rooms that need one of them."""
    out, known = set(chosen), rooms()
    while more := {name for name, needs in known.items() if out & {*needs}} - out:
        out |= more
    return out


def take_out(out: Iterable[str], clone: Path) -> None:
    """Clone the last commit, and delete the folders of rooms in the clone."""
    subprocess.run(["git", "clone", "-q", "--shared", ROOT, clone], check=True)
    folders = [f"{place}/{room}" for place in PLACES for room in out]
    folders += [f"firstspike/{room}.py" for room in out]
    subprocess.run(["git", "rm", "-rq", "--ignore-unmatch", *folders], cwd=clone, check=True)


def failing(clone: Path, out: Iterable[str]) -> list[str]:
    """Run the steps in a clone without rooms, and return the names of those that fail."""
    verbs = [verb for verb, package in PACKAGES.items() if package.rpartition(".")[2] in out]
    told = {TAKEN_OUT: " ".join(out), VERBS_TAKEN_OUT: " ".join(verbs), "PYTHONPATH": str(clone)}
    failed = []
    for name, words in STEPS.items():
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, *words], cwd=clone, env=os.environ | told).returncode:
            failed.append(name)
    return failed


def main() -> None:
    """Run the command line; the exit status is 1 if a step fails."""
    parser = argparse.ArgumentParser(
        "python -m tests.removal", description="Take rooms out, and check what is left."
    )
    known = rooms()
    parser.add_argument("rooms", nargs="+", choices=["all", *known], metavar="ROOM")
    chosen = parser.parse_args().rooms
    out = sorted(with_those_that_need(known if "all" in chosen else chosen))
    print(f"taken out: {', '.join(out)}")
    with temporary_folder() as folder:
        take_out(out, folder / "clone")
        failed = failing(folder / "clone", out)
    print(f"failed: {', '.join(failed)}" if failed else "passed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
