# SPDX-License-Identifier: BSD-2-Clause
"""Memory arithmetic: what memories a core and its link have, and how many blocks they take.

Core and link say themselves which memories they have. The number of blocks follows the rules by
which Yosys maps memories. Tests compare list and number with the designs.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import ceil

from firstspike.boards.families.registry import facts_of
from firstspike.boards.pins.board import Board
from firstspike.golden import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.flow.devices import ICE40, Device, Family
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.link.link import Link

TABLE_WORDS = 16
"""Of a look-up table that is memory."""

STORE, RING = "layer_0.store", "ring.store"
"""Where the memories are that single-port RAM holds before all others."""

SMALL_RING = 2048
"""Bytes of a ring in block RAM, where weights take all single-port RAM."""

BLOCK_BITS = 4096
"""Of a block RAM of an iCE40."""

TILE = {36: 512, 18: 1024, 9: 2048}
"""Words of a block RAM of other families, by their width."""

SINGLE_PORT = {16: 1 << 14}
"""Words of a single-port RAM of an iCE40, by their width."""

READ_WIDTHS = (16, 8, 4, 2)
"""Bits that it gives per read."""


def ring_bytes_of(config: CoreConfig, board: Board) -> int:
    """Bytes of requests that the link of a design holds."""
    if not board.loaded:
        return board.ring_bytes
    return board.ring_bytes if _left(config, board) > 0 else SMALL_RING


def weights_fit(config: CoreConfig, board: Board) -> bool:
    """Whether single-port RAM holds the first layer's weights, on a board that has it."""
    return _left(config, board) >= 0


def _left(config: CoreConfig, board: Board) -> int:
    """Return how many single-port RAM the first layer's weights leave."""
    first = config.layers[0]
    taken = _single_port_blocks(Memory(STORE, first.word_bits, first.words))
    return board.device.holds["SPRAM"] - taken


def in_single_port_ram(held: Iterable[Memory], board: Board) -> list[str]:
    """Return the paths of those memories that are in single-port RAM, on a board that has it.

    It holds the first layer's weights, and a large ring. Where block RAM does not hold all the
    others, those with one address follow, the largest first, as long as there is room.
    """
    if not board.loaded:
        return []
    device = board.device
    chosen: list[Memory] = []
    others: list[Memory] = []
    for memory in held:
        first = memory.path == STORE or (memory.path == RING and memory.depth > SMALL_RING)
        (chosen if first else others).append(memory)
    room = device.holds["SPRAM"] - sum(map(_single_port_blocks, chosen))
    taken = [blocks(memory, device.family).get("block RAM", 0) for memory in others]
    over = sum(taken) - device.holds["block RAM"]
    for memory, block_ram in sorted(zip(others, taken, strict=True), key=lambda one: -one[1]):
        need = _single_port_blocks(memory)
        if memory.one_address and over > 0 and need <= room:
            chosen.append(memory)
            room, over = room - need, over - block_ram
    return [memory.path for memory in chosen]


def most_bits(device: Device) -> int:
    """Return more bits than the memories of a device can hold, look-up tables among them."""
    bits = {
        "block RAM": BLOCK_BITS if device.family is ICE40 else _bits(TILE),
        "SPRAM": _bits(SINGLE_PORT),
        "LUTs": TABLE_WORDS,
    }
    return sum(each * device.holds.get(resource, 0) for resource, each in bits.items())


def memories(
    config: CoreConfig, network: Network, ring_bytes: int, bench_images: int = 0
) -> list[Memory]:
    """All memories of a design for `network` that does not learn; core and link say theirs.

    `bench_images` are held to be played.
    """
    return [
        *Core.memories(config),
        *Link.memories(config, network, ring_bytes, bench_images),
    ]


def blocks(memory: Memory, family: Family, single_port: bool = False) -> dict[str, int]:
    """What a memory takes of a device; with `single_port` it is in single-port RAM.

    Yosys takes what is cheapest: a bit of logic costs 1, of a table that is only read 1 / 16, and
    block RAM as much as its library says. Logic that selects one of several tables counts half.
    Look-up tables for logic are not counted here.
    """
    if single_port:
        return {"SPRAM": _single_port_blocks(memory)}
    if memory.varying is not None:  # Yosys leaves the others out
        memory = replace(memory, width=memory.varying, varying=None)
    bits = memory.width * memory.depth
    logic = bits / 16 if memory.read_only else bits
    facts = facts_of(family)
    block_cost = facts.rom_block_cost if memory.read_only else facts.block_cost
    if family is ICE40:
        block_ram, cost = _block_ram_of_ice40(memory, block_cost)
        in_logic = memory.looked_up or (logic <= cost and not memory.compact)
        return {} if in_logic else {"block RAM": block_ram}
    block_ram = _tiles(memory, TILE)
    if memory.read_only:
        return {"block RAM": block_ram} if logic > block_cost * block_ram else {}
    luts, tables = 4 * _tiles(memory, {4: TABLE_WORDS}), _tables(memory)
    written = memory.width * tables if facts.narrow_tables else luts
    cost = written + (_selection(memory) + (tables if tables > 1 else 0)) / 2
    if memory.looked_up or memory.near or cost < block_cost * block_ram:
        return {"LUTs": luts}
    return {"block RAM": block_ram}


def memory_needs(
    config: CoreConfig, network: Network, board: Board, bench_images: int = 0
) -> Counter[str]:
    """What all memories of a design take of the board's device, their own logic included."""
    needs: Counter[str] = Counter()
    held = memories(config, network, ring_bytes_of(config, board), bench_images)
    single_port = in_single_port_ram(held, board)
    for memory in held:
        taken = blocks(memory, board.device.family, memory.path in single_port)
        needs.update(taken)
        if "LUTs" in taken:
            needs["LUTs"] += _selection(memory)
    return needs


def _bits(words: dict[int, int]) -> int:
    """Return the bits of a block of so many words of each width."""
    return max(width * depth for width, depth in words.items())


def _block_ram_of_ice40(memory: Memory, block_cost: float) -> tuple[int, float]:
    """Return the block RAM that a memory takes of an iCE40, and what it costs.

    Every bit has a mask: parts of the depth lie side by side, also where a word is narrow. Logic
    selects one of the parts. Narrow reads have fewer parts, and may need another block.
    """
    choices = []
    for width in READ_WIDTHS:
        parts = ceil(memory.depth * width / BLOCK_BITS)
        number = ceil(memory.width * parts / width)
        choices.append((number, block_cost * number + memory.width * (parts - 1) / 2))
    return min(choices, key=lambda choice: choice[1])


def _single_port_blocks(memory: Memory) -> int:
    """Return the single-port RAM of an iCE40 that a memory takes."""
    return _tiles(memory, SINGLE_PORT)


def _selection(memory: Memory) -> int:
    """Look-up tables that choose one of the tables that are memory."""
    return memory.width * (_tables(memory) - 1)


def _tables(memory: Memory) -> int:
    """Look-up tables that hold one bit of all its words."""
    return ceil(memory.depth / TABLE_WORDS)


def _tiles(memory: Memory, depths: dict[int, int]) -> int:
    """How many blocks it takes at least, of those that hold a depth of each width.

    All of the same width but those at the side, which are narrower and so may be deeper.
    """

    def tiles(width: int) -> int:
        return min(
            width // wide * ceil(memory.depth / deep) + (tiles(width % wide) if width % wide else 0)
            if width > wide
            else ceil(memory.depth / deep)
            for wide, deep in depths.items()
        )

    return tiles(memory.width)
