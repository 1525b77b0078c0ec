# SPDX-License-Identifier: BSD-2-Clause
"""Flips configuration bits of a build, one at a time, and counts what the layout check finds.

    python -m tests.support.bitstream_flips [--flips N] [--seed N] FOLDER ...

FOLDER is that of a build for an iCE40. The bits are drawn from all tiles in which a bit is set. A
flip that is not found is named, so that its bit can be looked up. Ends with exit status 1 if there
is one.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from firstspike.boards.building.layout import ROUTED
from firstspike.boards.ice40.chipdb import Chip
from firstspike.boards.ice40.layout_check import check_layout
from firstspike.boards.ice40.reader import Bits, read_bits
from firstspike.boards.ice40.routed import RoutedDesign, read_routed
from firstspike.boards.ice40.settings import bit_index, bit_name, bit_position
from firstspike.boards.ice40.wiring import switch_indices


def flip(bits: Bits, at: int) -> Bits:
    """The same bits, but for the one with this index."""
    tiles = bits.tiles.copy()
    tiles.reshape(-1)[at] ^= 1
    return replace(bits, tiles=tiles)


def flipped_text(text: str, chip: Chip, at: int) -> str:
    """The input of icepack with the bit of this index flipped."""
    x, y, row, column = bit_position(chip, at)
    before, head, after = text.partition(f"_tile {x} {y}\n")
    rows = after.split("\n")
    rows[row] = rows[row][:column] + "10"[int(rows[row][column])] + rows[row][column + 1 :]
    return before + head + "\n".join(rows)


def used_indices(bits: Bits) -> list[int]:
    """Indices of all bits of the tiles in which a bit is set."""
    chip = bits.chip
    return [
        bit_index(chip, x, y, row, column)
        for y, x in np.argwhere(bits.tiles.any(axis=(2, 3))).tolist()
        for row in range(chip.sizes[chip.tiles[y, x]][0])
        for column in range(chip.sizes[chip.tiles[y, x]][1])
    ]


def undetected_flips(
    bits: Bits, design: RoutedDesign, flips: int, seed: int, found: Counter[str]
) -> Iterator[int]:
    """Flip bits, and yield those that the check misses. `found` counts the others by kind."""
    chosen = np.random.default_rng(seed).choice(used_indices(bits), flips, replace=False)
    for at in chosen.tolist():
        if check_layout(flip(bits, at), design).faults:
            found[bit_kind(bits.chip, at)] += 1
        else:
            yield at


def bit_kind(chip: Chip, at: int) -> str:
    """The kind of a bit: of a switch, a logic cell, a setting, or without a known meaning."""
    indices, has = switch_indices(chip)
    if (indices[has] == at).any():
        return "switch"
    *_, name = bit_name(chip, at).split(" ")
    if name.startswith("LC_"):
        return "logic cell"
    return "without a known meaning" if name.startswith("B") else "setting"


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    left = 0
    for folder in arguments.folders:
        bits = read_bits((folder / "firstspike.bin").read_bytes())
        design = read_routed((folder / ROUTED).read_bytes())
        found = Counter[str]()
        names = [
            bit_name(bits.chip, at)
            for at in undetected_flips(bits, design, arguments.flips, arguments.seed, found)
        ]
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(found.items()))
        print(f"{folder}: {arguments.flips} flips, {found.total()} found ({kinds})", flush=True)
        for name in names:
            print(f"not found: {name}")
        left += len(names)
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
