# SPDX-License-Identifier: BSD-2-Clause
"""Verbs and options of the release before, which are refused with their successors."""

VERBS = {
    "bench": "compare --rounds",
    "export": "convert",
    "import": "convert",
    "vectors": "verilog --vectors",
}
"""The successor of each former verb."""

_COLUMN = "is an option of train only: NET stores the name of the column"

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
    "--test": "is an option of train only: give the samples of a file by --input",
    "--test-share": "is now a value of --test in train: NET stores the share, and --input takes "
    "all samples of a file",
    "--data": "is not needed: the variable FIRSTSPIKE_DATA names the folder of named data sets",
}
"""What replaces each former option, where a verb has it no longer; the end of a sentence."""
