# SPDX-License-Identifier: BSD-2-Clause
"""Reads a bitstream of an iCE40: the bits of each tile, and the content of block RAM.

A bitstream is a preamble and commands. The low half of a command's byte is the length of its
payload, and the high half selects the register that the payload sets. Two commands are followed by
the bits of a bank, a quarter of the chip. The source of the format, and of the positions of a
tile's bits in a bank, is Project IceStorm's `icepack.cc` (`read_bits`, `CramIndexConverter` and
`BramIndexConverter`, ISC licence); this reader is a new implementation with numpy.
"""

import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from firstspike.boards.readback.routed import BitstreamError

from .chipdb import IO, MAX_TILE, RAM_BOTTOM, Chip, chip_of

PREAMBLE = b"\x7e\xaa\x99\x7e"

_CONTROL, _BANK, _CRC, _RATE, _WIDTH, _HEIGHT, _OFFSET, _BOOT = (
    *(0x00, 0x10, 0x20, 0x50, 0x60, 0x70, 0x80, 0x90),
)
"""High halves of the commands' bytes."""
_CRAM, _BRAM, _RESET_CRC, _WAKE = 0x01, 0x03, 0x05, 0x06
"""Payloads of _CONTROL."""

_DIES = {(692, 336): "5k", (332, 144): "1k", (872, 272): "8k"}
"""Dies by the largest width and height of a bank."""

_COLUMNS = {
    "5k": [54] * 6 + [42] + [54] * 6,
    "1k": [18] + [54] * 2 + [42] + [54] * 3,
    "8k": [18] + [54] * 7 + [42] + [54] * 8,
}
"""Widths in bits of the columns of tiles, from the left edge to the middle."""

_TOP_COLUMNS = (23, 25, 26, 27, 16, 17, 18, 19, 20, 14, 32, 33, 34, 35, 36, 37, 4, 5)
_TOP_ROWS = (0, 1, 3, 2, 4, 5, 7, 6, 8, 9, 11, 10, 12, 13, 15, 14)
"""Order of the columns and rows of the bits in a pin tile at the top or the bottom."""

OPTIONS = (0, 0x20)
"""Options that icepack sets by default: a slow clock to read the flash, and warm boot."""

RAM_ROWS, RAM_BITS = 16, 256
"""Size of a block RAM's content, in the form of nextpnr's parameters INIT_0 to INIT_F."""


@dataclass(frozen=True, eq=False)
class Bits:
    """The configuration bits of a bitstream, in the order of the chip's tiles.

    `tiles` [height, width, 16, 54] is uint8, 0 or 1. The bits of a smaller tile come first.
    """

    chip: Chip
    tiles: np.ndarray
    extra: frozenset[tuple[int, int, int]]
    """Bits (bank, x, y) that are set outside of all tiles."""
    content: Mapping[tuple[int, int], np.ndarray]
    """The content of each block RAM, uint8 [RAM_ROWS, RAM_BITS], by its lower tile."""
    options: tuple[int, int]
    """The clock at which the FPGA reads the bitstream, and the bits for warm boot and sleep."""


def read_bits(content: bytes) -> Bits:
    """Read a bitstream. Raises BitstreamError if it is not that of an iCE40, or is damaged."""
    banks = _Banks()
    try:
        _run(content, banks)
        cram, bram = _joined(banks.cram), _joined(banks.bram)
        size = cram[0].shape[1], cram[0].shape[0]
        if size not in _DIES:
            raise BitstreamError(
                f"the bitstream is of an iCE40 with {size[0]} x {size[1]} bits in a bank: those of "
                "the UP5K, HX1K and HX8K can be read."
            )
        return _bits(chip_of(_DIES[size]), cram, bram, (banks.rate, banks.boot))
    except (IndexError, ValueError):
        raise BitstreamError("the bitstream is cut short, or its banks are incomplete.") from None


def _bits(
    chip: Chip, cram: Sequence[np.ndarray], bram: Sequence[np.ndarray], options: tuple[int, int]
) -> Bits:
    tiles = np.zeros((*chip.tiles.shape, *MAX_TILE), np.uint8)
    owned = [np.zeros(bank.shape, bool) for bank in cram]
    for y, x in np.argwhere(chip.tiles > 0).tolist():
        bank, rows, columns = _tile_position(chip, x, y)
        bits = cram[bank][rows, columns]
        tiles[y, x, : bits.shape[0], : bits.shape[1]] = bits
        owned[bank][rows, columns] = True
    extra = {
        (number, int(x), int(y))
        for number, bank in enumerate(cram)
        for y, x in np.argwhere((bank != 0) & ~owned[number])
    }
    bottoms = np.argwhere(chip.tiles == RAM_BOTTOM).tolist()
    content = {(x, y): _ram(chip, x, y, bram) for y, x in bottoms}
    return Bits(chip, tiles, frozenset(extra), content, options)


@dataclass
class _Banks:
    """The banks that the commands have set: bits [height, width] by bank and offset."""

    cram: dict[int, dict[int, np.ndarray]] = field(default_factory=dict)
    bram: dict[int, dict[int, np.ndarray]] = field(default_factory=dict)
    rate: int = 0
    boot: int = 0


def _run(content: bytes, banks: _Banks) -> None:
    """Execute the commands. Raises BitstreamError, and IndexError if the file ends too early."""
    at = content.find(PREAMBLE)
    if at < 0:
        raise BitstreamError("the file is no bitstream of an iCE40: it has no preamble.")
    at += len(PREAMBLE)
    now = dict.fromkeys((_BANK, _CRC, _RATE, _WIDTH, _HEIGHT, _OFFSET, _BOOT), 0)
    checked, sealed = at, False
    while True:
        begin, command = at, content[at]
        kind, at = command & 0xF0, at + 1 + (command & 15)
        value = int.from_bytes(content[begin + 1 : at])
        if kind in now:
            now[kind] = value
            if kind == _CRC:
                if binascii.crc_hqx(content[checked : begin + 1], 0xFFFF) != value:
                    raise BitstreamError("the bitstream is damaged: its checksum is wrong.")
                sealed = True
        elif (kind, value) in ((_CONTROL, _CRAM), (_CONTROL, _BRAM)):
            width, height = now[_WIDTH] + 1, now[_HEIGHT]
            size = width * height // 8
            bits = np.unpackbits(np.frombuffer(content[at : at + size], np.uint8))
            bank = (banks.cram if value == _CRAM else banks.bram).setdefault(now[_BANK], {})
            bank[now[_OFFSET]] = bits.reshape(height, width)
            at += size + 2
        elif (kind, value) == (_CONTROL, _RESET_CRC):
            checked = at
        elif (kind, value) == (_CONTROL, _WAKE):
            if not sealed:
                raise BitstreamError("the bitstream has no checksum.")
            banks.rate, banks.boot = now[_RATE], now[_BOOT]
            return
        else:
            raise BitstreamError(f"the bitstream has an unknown command {command:#x}.")


def _joined(banks: Mapping[int, Mapping[int, np.ndarray]]) -> list[np.ndarray]:
    """Return the four banks, each joined from its parts in the order of offsets; or none at all."""
    if not banks:
        return []
    if set(banks) != set(range(4)):
        raise IndexError
    return [np.concatenate([part for _, part in sorted(banks[n].items())]) for n in range(4)]


def _tile_position(chip: Chip, x: int, y: int) -> tuple[int, np.ndarray, np.ndarray]:
    """Return the bank of a tile, and index arrays for the rows and columns of its bits."""
    height, width = chip.tiles.shape
    columns = _COLUMNS[chip.name]
    right, top = x >= width // 2, y > _middle(chip)
    tile_x = width - 1 - x if right else x
    tile_y = height - 1 - y if top else y
    first, size = sum(columns[:tile_x]), columns[tile_x]
    at_side = x in (0, width - 1)
    if chip.tiles[y, x] == IO and not at_side:
        rows, bit_columns = 15 - np.array(_TOP_ROWS), np.array(_TOP_COLUMNS)
        bit_columns = size - 1 - bit_columns if right else bit_columns
    else:
        rows, bit_columns = np.arange(16), np.arange(size)
        if top:
            rows = 15 - rows
        if right or chip.tiles[y, x] == IO:
            bit_columns = size - 1 - bit_columns
    return 2 * right + top, *np.ix_(16 * tile_y + rows, first + bit_columns)


def _middle(chip: Chip) -> int:
    """Return the last tile row of the lower banks; an UltraPlus has single-port RAM at the top."""
    rows = chip.tiles.shape[0] - 2
    return rows * 2 // 3 if chip.name == "5k" else rows // 2


def _ram(chip: Chip, x: int, y: int, bram: Sequence[np.ndarray]) -> np.ndarray:
    """Return the content of the block RAM whose lower tile is at (x, y)."""
    top, right = y > _middle(chip), x >= chip.tiles.shape[1] // 2
    row = y - (_middle(chip) if top else 1)
    first = 16 * (row // 2)
    if not bram:
        return np.zeros((RAM_ROWS, RAM_BITS), np.uint8)
    columns = bram[2 * right + top][:RAM_BITS, first : first + 16]
    return columns[:, ::-1].reshape(RAM_ROWS, RAM_BITS)
