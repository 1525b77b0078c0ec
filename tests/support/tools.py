# SPDX-License-Identifier: BSD-2-Clause
"""Programs that tests need beyond those that the README names, and how a person gets each.

A test that needs one is left out where it is missing. The reason says how to get it, and the end of
the run gathers the reasons (`tests/conftest.py`).
"""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest
from find_libpython import find_libpython

_ROOT = Path(__file__).parents[2]

INSTALL = "apt-get install "
"""How a reason goes on where Debian has the program: `make left-out` runs such tests later."""


class Tool(NamedTuple):
    """A program or library that may be missing."""

    name: str
    how: str
    """Command that installs it, or that runs its tests."""
    found: bool

    @property
    def reason(self) -> str:
        """Why a test is left out."""
        return f"needs {self.name}: {self.how}"


def _tool(name: str, packages: str, *commands: str) -> Tool:
    return Tool(name, INSTALL + packages, all(map(shutil.which, commands)))


_ICARUS = _tool("Icarus Verilog", "iverilog libpython3-dev", "iverilog", "vvp")
ICARUS = _ICARUS._replace(found=_ICARUS.found and find_libpython() is not None)
VERILATOR = _tool("Debian's Verilator", "verilator", "verilator")
CHROMIUM = _tool("Chromium", "chromium", "chromium")
TYPESCRIPT = _tool("TypeScript", "node-typescript", "tsc")
PROGRAMMERS = {
    command: _tool(command, package, command)
    for command, package in (
        ("openFPGALoader", "openfpgaloader"),
        ("iceprog", "fpga-icestorm"),
        ("dfu-util", "dfu-util"),
    )
}
WAVES = _tool("the headers of lz4 and zlib", "liblz4-dev zlib1g-dev")._replace(found=False)
"""Headers for Verilator's waves; the simulator finds out whether they are there."""
SITE = Tool("the site", "make docs", (_ROOT / "build" / "docs" / "index.html").exists())
PYTORCH = Tool("PyTorch", "make torch", find_spec("torch") is not None)


def needs(tool: Tool) -> pytest.MarkDecorator:
    """Leave a test out where the tool is missing."""
    return pytest.mark.skipif(not tool.found, reason=tool.reason)


def leave_out(tool: Tool) -> NoReturn:
    """End a running test that finds that it needs a tool that is missing."""
    pytest.skip(tool.reason, allow_module_level=True)
