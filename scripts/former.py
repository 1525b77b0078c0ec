# SPDX-License-Identifier: BSD-2-Clause
"""Verbs and options of the release before, which are refused with their successors."""

VERBS = {
    "bench": "compare --rounds",
    "export": "convert",
    "import": "convert",
    "vectors": "verilog --vectors",
}
"""The successor of each former verb."""

_COLUMN = "is an option of train, learn and explore: NET stores the name of the column"

OPTIONS = {
    "--events": "is now --input",
    "--image": "is now --input",
    "--wav": "is now --input",
    "--raw": "is not needed: --input takes a grey picture of the network's size, bright on dark, "
    "as it is",
    "--show": "is now --plot",
    "--baud": "is now part of --port PORT,BAUD",
    "--seeds": "is now --seed A-B",
    "--label": f"{_COLUMN}, and otherwise takes the column label",
    "--group": _COLUMN,
    **dict.fromkeys(
        ("convert --group", "convert --test"),
        "is not needed: the training samples choose the thresholds",
    ),
    "--test": "is an option of train, learn and explore: give the samples of a file by --input",
    "--test-share": "is now a value of --test in train: NET stores the share, and --input takes "
    "all samples of a file",
    "--released": "is now the name released, for --build of compare and BITSTREAM of flash",
    "--pixels": "is now --bus axi-pixels",
    "--verdicts": "is not needed: without -o the command prints the verdicts",
    "--best": "is not needed: --clock max finds the fastest placement",
    "--jobs": "is not needed: the faults are tried on all cores",
    "check link --seed": "is not needed: more --frames are other frames",
    "study --seed": "is not needed: the noise is always the same",
    "boards --input": "is now --dataset",
    "build --json": "is not needed: DIR/report.json is the result",
    "explore --json": "is not needed: DIR/front.json is the result",
    "check bitstream --json": "is not needed: the exit status is the result",
    **dict.fromkeys(
        ("selftest --lanes", "selftest --window", "selftest --clock"),
        "is now in the report of the build: name its folder by --build",
    ),
    "--data": "is not needed: the variable FIRSTSPIKE_DATA names the folder of named data sets",
}
"""What replaces each former option, where a verb has it no longer; the end of a sentence.

An option that other verbs keep stands behind its verb.
"""
