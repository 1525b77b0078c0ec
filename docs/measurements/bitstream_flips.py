# SPDX-License-Identifier: BSD-2-Clause
"""Flips configuration bits of a build, one at a time, and counts what the layout check finds.

    python -m docs.measurements.bitstream_flips [--flips N] [--seed N] FOLDER ...

FOLDER is that of a build for an iCE40 or an ECP5. The bits are drawn from all tiles in which a bit
is set. A flip that is not found is named, so that its bit can be looked up. Ends with exit status 1
if there is one.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from firstspike.boards.building.bitstream import bitstreams
from firstspike.boards.building.layout import ROUTED
from firstspike.boards.readback.ecp5.database import bit_name as ecp5_bit_name
from firstspike.boards.readback.ecp5.database import tile_kind
from firstspike.boards.readback.ecp5.layout_check import check_layout as ecp5_check
from firstspike.boards.readback.ecp5.reader import Bits as Ecp5Bits
from firstspike.boards.readback.ecp5.reader import read_bits as read_ecp5_bits
from firstspike.boards.readback.ice40.chipdb import Chip
from firstspike.boards.readback.ice40.layout_check import check_layout
from firstspike.boards.readback.ice40.reader import Bits, read_bits
from firstspike.boards.readback.ice40.settings import bit_index, bit_name, bit_position
from firstspike.boards.readback.ice40.wiring import switch_indices
from firstspike.boards.readback.routed import LayoutReport, RoutedDesign, read_routed

B = TypeVar("B", Bits, Ecp5Bits)


def flip(bits: B, at: int) -> B:
    """The same bits, but for the one with this index."""
    name = "cram" if isinstance(bits, Ecp5Bits) else "tiles"
    changed = getattr(bits, name).copy()
    changed.reshape(-1)[at] ^= 1
    return replace(bits, **{name: changed})


def flipped_text(text: str, chip: Chip, at: int) -> str:
    """The input of icepack with the bit of this index flipped."""
    x, y, row, column = bit_position(chip, at)
    before, head, after = text.partition(f"_tile {x} {y}\n")
    rows = after.split("\n")
    rows[row] = rows[row][:column] + "10"[int(rows[row][column])] + rows[row][column + 1 :]
    return before + head + "\n".join(rows)


def used_indices(bits: Bits | Ecp5Bits) -> list[int]:
    """Indices of all bits of the tiles in which a bit is set."""
    if isinstance(bits, Ecp5Bits):
        used = np.zeros(bits.cram.shape, bool)
        for tile in bits.device.tiles:
            at = (
                slice(tile.frame, tile.frame + tile.frames),
                slice(tile.bit, tile.bit + tile.bits),
            )
            used[at] |= bits.cram[at].any()
        return np.flatnonzero(used).tolist()
    chip = bits.chip
    return [
        bit_index(chip, x, y, row, column)
        for y, x in np.argwhere(bits.tiles.any(axis=(2, 3))).tolist()
        for row in range(chip.sizes[chip.tiles[y, x]][0])
        for column in range(chip.sizes[chip.tiles[y, x]][1])
    ]


def undetected_flips(
    bits: Bits | Ecp5Bits, design: RoutedDesign, flips: int, seed: int, found: Counter[str]
) -> Iterator[int]:
    """Flip bits, and yield those that the check misses. `found` counts the others by kind."""
    chosen = np.random.default_rng(seed).choice(used_indices(bits), flips, replace=False)
    for at in chosen.tolist():
        if check(flip(bits, at), design).faults:
            found[bit_kind(bits, at)] += 1
        else:
            yield at


def check(bits: Bits | Ecp5Bits, design: RoutedDesign) -> LayoutReport:
    """Compare bits with a design."""
    return ecp5_check(bits, design) if isinstance(bits, Ecp5Bits) else check_layout(bits, design)


def name_of(bits: Bits | Ecp5Bits, at: int) -> str:
    """A name by which a bit can be looked up."""
    if isinstance(bits, Ecp5Bits):
        return ecp5_bit_name(bits.device, *divmod(at, bits.cram.shape[1]))
    return bit_name(bits.chip, at)


def bit_kind(bits: Bits | Ecp5Bits, at: int) -> str:
    """The kind of a bit: of a switch, a logic cell, a setting, or without a known meaning."""
    if isinstance(bits, Ecp5Bits):
        return _ecp5_bit_kind(name_of(bits, at))
    indices, has = switch_indices(bits.chip)
    if (indices[has] == at).any():
        return "switch"
    *_, name = bit_name(bits.chip, at).split(" ")
    if name.startswith("LC_"):
        return "logic cell"
    return "without a known meaning" if name.startswith("B") else "setting"


def _ecp5_bit_kind(name: str) -> str:
    """The same by the name of a bit, such as `R12C13:PLC2 F8B10`."""
    tile, _, bit = name.partition(" ")
    kind = tile_kind(tile.rpartition(":")[2])
    switches = (group for sources in kind.muxes.values() for group in sources.values())
    tables = (group for word in kind.words.values() for group in word.bits)
    choices = (group for choice in kind.choices.values() for group in choice.values.values())
    for meaning, groups in (("logic cell", tables), ("setting", choices), ("switch", switches)):
        if any(bit == f"F{row}B{column}" for group in groups for row, column, _ in group):
            return meaning
    return "without a known meaning"


def read(folder: Path) -> tuple[Bits | Ecp5Bits, RoutedDesign]:
    """The bitstream in a build's folder, and the routed design."""
    (path,) = bitstreams(folder)
    content, design = path.read_bytes(), read_routed((folder / ROUTED).read_bytes())
    return read_ecp5_bits(content) if path.suffix == ".bit" else read_bits(content), design


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    left = 0
    for folder in arguments.folders:
        bits, design = read(folder)
        found = Counter[str]()
        names = [
            name_of(bits, at)
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
