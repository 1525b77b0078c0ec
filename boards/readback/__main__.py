# SPDX-License-Identifier: BSD-2-Clause
"""Compare a bitstream with the design that nextpnr routed (docs/readback/readback.md).

python -m firstspike.boards.readback top.bin routed.json --pins top.pcf --package sg48
"""

import argparse
import sys
from pathlib import Path

from firstspike.golden.system.errors import FirstSpikeError

from .comparison import (
    compared,
    constraints,
    layout_rows,
    port_bels,
    read_bitstream,
    read_design,
    record_of,
)


def main() -> int:
    """Run the command line; return 0, 1 if there are differences, or 2 for bad input."""
    parser = argparse.ArgumentParser(
        "python -m firstspike.boards.readback",
        description="Compare the bitstream of an iCE40 or ECP5 with the routed design.",
        epilog="The exit status is 0, 1 if there are differences, or 2 for bad input.",
    )
    parser.add_argument("bitstream", type=Path, help="file of icepack or ecppack")
    parser.add_argument("routed", type=Path, help="JSON that nextpnr wrote by --write")
    parser.add_argument("--pins", type=Path, help="constraints of the ports, .pcf or .lpf")
    parser.add_argument("--package", help="package of the device, such as sg48 or CABGA381")
    given = parser.parse_args()
    if (given.pins is None) != (given.package is None):
        parser.error("--pins and --package go together: give both or none")
    try:
        bits = read_bitstream(given.bitstream)
        bels = {}
        if given.pins is not None:
            bels = port_bels(bits, given.package, constraints(given.pins), given.pins.name)
        record = record_of(compared(bits, read_design(given.routed), bels))
    except (FirstSpikeError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    if given.pins is None:
        record["pads"] = "not compared: give --pins and --package"
    rows = layout_rows(record)
    width = max(len(name) for name, _ in rows)
    print(*(f"{name:{width}}  {value}" for name, value in rows), *record["first"], sep="\n")
    return int(record["faults"] > 0)


if __name__ == "__main__":
    sys.exit(main())
