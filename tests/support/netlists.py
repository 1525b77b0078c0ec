# SPDX-License-Identifier: BSD-2-Clause
"""Small netlists as Yosys writes them, and what a build reports of its design."""

import json
from pathlib import Path
from typing import Any

from firstspike.boards.building import bitstream
from firstspike.boards.building.design import TOP, Design

_CELLS = {
    "turned": (
        "SB_LUT4",
        {"LUT_INIT": "0000000000000001"},
        {"I0": 3, "I1": "0", "I2": "0"},
        "O",
        5,
    ),
    "held": ("SB_DFF", {}, {"C": 2, "D": 5}, "Q", 3),
}
"""Type, parameters, inputs and output of each cell by its name; a wire is a number."""


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


def turning() -> str:
    """Return a register that turns over at every clock, which nextpnr places in no time."""
    cells = {}
    for name, (kind, parameters, inputs, output, wire) in _CELLS.items():
        cells[name] = {
            "hide_name": 0,
            "type": kind,
            "parameters": parameters,
            "attributes": {},
            "port_directions": dict.fromkeys(inputs, "input") | {output: "output"},
            "connections": {port: [bit] for port, bit in (inputs | {output: wire}).items()},
        }
    ports = {"clk": ("input", 2), "out": ("output", 3)}
    top = {
        "attributes": {"top": "1"},
        "ports": {
            name: {"direction": direction, "bits": [bit]}
            for name, (direction, bit) in ports.items()
        },
        "cells": cells,
        "netnames": {
            name: {"hide_name": 0, "bits": [bit], "attributes": {}}
            for name, (_, bit) in ports.items()
        },
    }
    return json.dumps({"creator": "tests", "modules": {"top": top}})
