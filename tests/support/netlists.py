# SPDX-License-Identifier: BSD-2-Clause
"""What a build reports of its design, and the netlist of its folder."""

import json
from pathlib import Path
from typing import Any

from firstspike.boards.building import bitstream
from firstspike.boards.building.design import TOP, Design


def build_report(design: Design, board: str) -> dict[str, Any]:
    """Return what the netlist target reads in the report of a build."""
    layers = design.config.folding.layers
    return {
        "board": board,
        "network": design.network.digest(),
        "lanes": [layer.lanes for layer in layers],
        "window": [layer.window for layer in layers],
        "rows": [layer.rows for layer in layers],
        "overlap": design.config.folding.overlaps,
        "link": design.line.value,
        "stored_bits": None,
        "bench_images": design.bench_images,
        "clock": design.hz,
    }


def synthesise(design: Design, folder: Path) -> dict[str, int]:
    """Make a build's folder of an empty one, with netlist and clock; return the used resources."""
    (folder / f"{TOP}.il").write_text(design.plan(design.build_hash).files[f"{TOP}.il"])
    used = bitstream._synthesise(design, folder, native=False)
    report = {"board": design.board.name, "clock": design.hz}
    (folder / "report.json").write_text(json.dumps(report))
    return used
