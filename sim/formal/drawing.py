# SPDX-License-Identifier: BSD-2-Clause
"""Automatic faults of Yosys' `mutate`: draws them in RTLIL, and names their cells and sources."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from firstspike.hdl.lib.resetless_register import FORGET_INITIAL

from .circuit import transformed

CONTROL = "mutsel"
"""The input that selects the fault in a design by its number; 0 selects none."""

_LINE = re.compile(r"-src (\S+\.py):(\d+)")

_EXCLUDED = re.compile(r" -port (Q|CLK|clk|port\$\S+) ")
"""Clocks, and ports whose names differ from harness to harness; and outputs of registers, which
would lose the initial value, for it belongs to their wire."""

_PLACE = re.compile(r" -(wire|wirebit|src) \S+")
"""Options of a command that describe its fault, and are of no effect."""

_CONTROLLED = re.compile(rf" -ctrl {CONTROL} \d+ \d+")


@dataclass(frozen=True)
class Area:
    """The part of a design whose cells get the faults, as selections of Yosys.

    `modules` are those whose cells are renamed, so that the names do not depend on what else Yosys
    has done before, and `cells` are those among which the faults are drawn.
    """

    modules: str
    cells: str

    @property
    def enumerate(self) -> str:
        """The command that renames the cells; the commands of faults name them so."""
        return f"rename -enumerate -pattern $n% {self.modules}"

    @property
    def read(self) -> str:
        """The commands that read design.il, in which the area is."""
        return f"read_rtlil design.il\n{FORGET_INITIAL}\nproc\n{self.enumerate}\n"


@dataclass(frozen=True)
class Fault:
    """A fault, as the command of Yosys that puts it into a design."""

    command: str

    @property
    def options(self) -> dict[str, str]:
        """The options of the command, of several the last."""
        return dict(re.findall(r"-(\S+) (\S+)", "-mode " + self._text))

    @property
    def sources(self) -> tuple[str, ...]:
        """The lines of our Amaranth from which the cell came, as hdl/FOLDER/FILE.py:LINE."""
        found = dict.fromkeys(_LINE.findall(self._text))
        return tuple(
            f"hdl/{path.rpartition('/hdl/')[2]}:{line}" for path, line in found if "/hdl/" in path
        )

    def described(self, root: str) -> str:
        """The kind of the fault, and its module, cell, port and bit; `root` is the top module."""
        options = self.options
        lines = _LINE.findall(self._text)
        functions = dict.fromkeys(_function_at(path, int(line)) for path, line in lines)
        wire = f" to {options['wire']}[{options['wirebit']}]" if "wire" in options else ""
        if "ctrlbit" in options:
            wire = f" by [{options['ctrlbit']}]{wire}"
        what = f"{options['mode']} {options['module'].removeprefix(f'{root}.')} {options['cell']}"
        return f"{what} {options['port']}[{options['portbit']}]{wire} ({', '.join(functions)})"

    def selected_by(self, number: int, bits: int) -> str:
        """The command for a fault that is there while the input `CONTROL` has this value."""
        control = f" -ctrl {CONTROL} {bits} {number}"
        return _CONTROLLED.sub(control, _PLACE.sub("", self.command))

    def unconditional(self) -> str:
        """The command for a fault that is always there."""
        return _CONTROLLED.sub("", _PLACE.sub("", self.command))

    @property
    def _text(self) -> str:
        return self.command.partition(" -mode ")[2]


def draw(design: str, area: Area, count: int, seed: int) -> tuple[Fault, ...]:
    """Draw up to `count` faults in RTLIL, at random by the seed.

    Raises ToolError if Yosys fails.
    """
    script = (
        f"{area.read}\nselect {area.cells} t:$meminit* %d\nmutate -list {2 * count} "
        f"-seed {seed} -ctrl {CONTROL} 1 1 -o mutants.txt"
    )
    commands = transformed(design, script, "mutants.txt").splitlines()
    return tuple(Fault(one) for one in commands if not _EXCLUDED.search(one))[:count]


@cache
def _function_at(path: str, line: int) -> str:
    """File and function of a line, which stay when lines move."""
    names = [
        node.name
        for node in ast.walk(ast.parse(Path(path).read_text()))
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return f"{Path(path).parent.name}/{Path(path).name}:{names[-1] if names else ''}"
