# SPDX-License-Identifier: BSD-2-Clause
"""A register that turns over at every clock, as Yosys writes it: nextpnr places it in no time."""

import json

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


def turning() -> str:
    """Return the netlist as Yosys writes it."""
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
