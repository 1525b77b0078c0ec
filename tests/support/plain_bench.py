# SPDX-License-Identifier: BSD-2-Clause
"""Runs benches in plain Verilog, on Icarus or on the Verilator of the package."""

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from firstspike.sim.harness.runner import VERILATOR_ENVIRONMENT, VERILATOR_FOLDER

from .simulators import EITHER

_BINARY = ["--binary", "--timing", "-Wno-fatal", "-Wno-lint", "-j", "1"]
_QUICK = [*_BINARY, "-O0", "-CFLAGS", "-O0"]
_FAST = [*_BINARY, "-O3", "-CFLAGS", "-O2"]
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []
"""Folders that hold compiled benches until the tests end."""


def printed(folder: Path, top: str = "bench", fast: bool = False) -> list[str]:
    """Compile all .v files in `folder`, run their module `top` there, and return its lines.

    With `fast` it is on Verilator, which takes longer to compile and runs faster.
    """
    texts = tuple(path.read_text() for path in sorted(folder.glob("*.v")))
    ran = subprocess.run(
        _compiled(texts, top, fast), cwd=folder, check=False, capture_output=True, text=True
    )
    # Verilator itself prints these lines: the place of $finish, and a report.
    lines = [line for line in ran.stdout.splitlines() if not line.startswith("- ")]
    failed = any(line.startswith("FAIL") for line in lines)
    assert (ran.returncode != 0) == failed, (ran.returncode, lines, ran.stderr)
    return lines


@cache
def _compiled(texts: tuple[str, ...], top: str, fast: bool) -> tuple[str, ...]:
    """The command that runs a bench of these texts; it reads the files of the current folder."""
    folder = tempfile.TemporaryDirectory()
    _FOLDERS.append(folder)
    names = [f"file_{number}.v" for number in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        Path(folder.name, name).write_text(text)
    if EITHER == "icarus" and not fast:
        compile_ = ["iverilog", "-g2005-sv", "-s", top, "-o", "ran"]
        run: tuple[str, ...] = ("vvp", f"{folder.name}/ran")
    else:
        verilator = str(VERILATOR_FOLDER / "bin" / "verilator")
        compile_ = ["perl", verilator, *(_FAST if fast else _QUICK), "--top", top, "-o", "ran"]
        run = (f"{folder.name}/obj_dir/ran",)
    subprocess.run(
        [*compile_, *names],
        cwd=folder.name,
        env=os.environ | VERILATOR_ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return run
