# SPDX-License-Identifier: BSD-2-Clause
"""Calls of our own code; imported into a simulation it keeps the deepest that drives a pin."""

import os
import traceback
from pathlib import Path

import cocotb.handle
from cocotb.simtime import get_sim_time

ROOT = Path(__file__).parents[2]
TRACE = "FIRSTSPIKE_TRACE"
"""The environment variable with the path of the file that gets the calls, a line each."""

Call = tuple[str, str]
"""(file, function)"""


def calls() -> list[Call]:
    """Return the calls on the stack, the first one first, without those of this file."""
    frames = ((Path(frame.filename).resolve(), frame.name) for frame in traceback.extract_stack())
    ours = ((path, name) for path, name in frames if ROOT in path.parents)
    return [
        (str(path.relative_to(ROOT)), name)
        for path, name in ours
        if ".venv" not in path.parts and path != Path(__file__) and path.is_file()
    ]


def _trace(path: Path) -> None:
    signal, deepest = cocotb.handle.ValueObjectBase, 0
    read, drive = signal.value.fget, signal.value.fset

    def traced(self, value):
        nonlocal deepest
        stack = calls()
        if get_sim_time() and len(stack) >= deepest:  # before are the initial values
            deepest = len(stack)
            path.write_text("".join(f"{file} {name}\n" for file, name in stack))
        drive(self, value)

    signal.value = property(read, traced)


if TRACE in os.environ:
    _trace(Path(os.environ[TRACE]))
