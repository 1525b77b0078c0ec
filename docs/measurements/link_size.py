# SPDX-License-Identifier: BSD-2-Clause
"""Synthesises what stands around the core on the iCEBreaker, and says what each module takes.

    python -m docs.measurements.link_size            module by module
    python -m docs.measurements.link_size --flat     as a build has it, all in one

The design is the one of `firstspike build mnist-4bit --board icebreaker --lanes 11`, without pins.
The core is left out.
"""

import json
import sys
from pathlib import Path

from firstspike.boards.building.design import TOP, Design, Requirements
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import load_network
from firstspike.golden.system.temporary import temporary_folder
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flow.synthesis import WITHOUT_WEIGHTS
from firstspike.hdl.flow.toolchain import run_yosys
from firstspike.hdl.lib.duplicated_register import KEEP_COPIES
from firstspike.hdl.lib.resetless_register import FORGET_INITIAL

COLUMNS = {"look-up tables": "SB_LUT4", "flip-flops": "SB_DFF", "block RAM": "SB_RAM40"}
"""Prefix of the cells that each column counts."""


def sizes(flat: bool) -> dict[str, list[int]]:
    """The number of cells in each of COLUMNS, by module."""
    board = BOARDS["icebreaker"]
    design = Design.of(load_network("mnist-4bit"), board, Requirements(CoreShape(11)))
    top = f"{TOP}.serial_core"
    with temporary_folder() as folder:
        (folder / "design.il").write_text(design.plan(bytes(8)).files[f"{TOP}.il"])
        run_yosys(
            folder,
            [
                "read_rtlil design.il",
                f"hierarchy -top {top}",
                "proc",
                "opt_clean -purge",
                FORGET_INITIAL,
                KEEP_COPIES,
                WITHOUT_WEIGHTS,
                f"blackbox {top}.core",
                f"{board.device.synthesis} {'' if flat else '-noflatten'} -top {top}",
                "tee -q -o count.json stat -json",
            ],
        )
        return counted(folder / "count.json", top)


def counted(path: Path, top: str) -> dict[str, list[int]]:
    """Return the number of cells in each of COLUMNS, by module, from a file of Yosys's `stat`."""
    modules = json.loads(path.read_text())["modules"]
    return {
        name.removeprefix(f"\\{top}."): [
            sum(n for cell, n in said["num_cells_by_type"].items() if cell.startswith(prefix))
            for prefix in COLUMNS.values()
        ]
        for name, said in modules.items()
    }


def show(found: dict[str, list[int]]) -> None:
    """Print cells by module, and their sum."""
    print(f"{'':40}{', '.join(COLUMNS)}")
    for name, counts in found.items():
        print(f"{name:40}{counts}")
    print(f"{'all':40}{[sum(column) for column in zip(*found.values(), strict=True)]}")


if __name__ == "__main__":
    show(sizes("--flat" in sys.argv[1:]))
