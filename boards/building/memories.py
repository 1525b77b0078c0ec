# SPDX-License-Identifier: BSD-2-Clause
"""Memory arithmetic: the memories of a core and its link, and the blocks that they need.

Core and link list their memories; those around a core with a sensor are found in the elaborated
design. The number of blocks follows the rules by which Yosys maps
memories. Tests compare list and numbers with the designs.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import ceil

from firstspike.boards.families.registry import facts_of
from firstspike.boards.pins.board import Board
from firstspike.golden import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.flow.devices import ICE40, Device, Family
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.link.linked_core import LinkedCore

TABLE_WORDS = 16
"""Words of a look-up table used as memory."""

STORE, FIFO = "layer_0.store", "fifo.store"
"""Paths of the memories that single-port RAM holds first."""

SMALL_RING = 2048
"""Bytes of a ring in block RAM, if the weights take all single-port RAM."""

BLOCK_BITS = 4096
"""Bits of a block RAM of an iCE40."""

TILE = {36: 512, 18: 1024, 9: 2048}
"""Words of a block RAM of other families, by their width."""

SINGLE_PORT = {16: 1 << 14}
"""Words of a single-port RAM of an iCE40, by their width."""

READ_WIDTHS = (16, 8, 4, 2)
"""Widths at which a block RAM of an iCE40 can be read."""


def ring_bytes_of(config: CoreConfig, board: Board) -> int:
    """Return the bytes of requests that the link of a design can store."""
    if not board.loaded:
        return board.ring_bytes
    return board.ring_bytes if _left(config, board) > 0 else SMALL_RING


def _left(config: CoreConfig, board: Board) -> int:
    """Return the number of single-port RAMs that the first layer's weights leave free."""
    first = config.layers[0]
    used = _single_port_blocks(Memory(STORE, first.word_bits, first.words))
    return board.device.holds["SPRAM"] - used


def in_single_port_ram(held: Iterable[Memory], board: Board) -> list[str]:
    """Return the paths of the memories in single-port RAM, on a board that has it.

    Single-port RAM holds the first layer's weights, and a large ring. If block RAM cannot hold all
    other memories, those with a single address follow, the largest first, as long as there is room.
    """
    if not board.loaded:
        return []
    device = board.device
    chosen: list[Memory] = []
    further: list[Memory] = []
    for memory in held:
        first = memory.path == STORE or (memory.path == FIFO and memory.depth > SMALL_RING)
        (chosen if first else further).append(memory)
    room = device.holds["SPRAM"] - sum(map(_single_port_blocks, chosen))
    used = [blocks(memory, device.family).get("block RAM", 0) for memory in further]
    over = sum(used) - device.holds["block RAM"]
    for memory, block_ram in sorted(zip(further, used, strict=True), key=lambda one: -one[1]):
        need = _single_port_blocks(memory)
        if memory.one_address and over > 0 and need <= room:
            chosen.append(memory)
            room, over = room - need, over - block_ram
    return [memory.path for memory in chosen]


def most_bits(device: Device) -> int:
    """Return a bound of the bits that the memories of a device hold, look-up tables included."""
    bits = {
        "block RAM": BLOCK_BITS if device.family is ICE40 else _bits(TILE),
        "SPRAM": _bits(SINGLE_PORT),
        "LUTs": TABLE_WORDS,
    }
    return sum(each * device.holds.get(resource, 0) for resource, each in bits.items())


def memories(
    config: CoreConfig,
    network: Network,
    ring_bytes: int,
    bench_images: int = 0,
    shows: bool = True,
) -> list[Memory]:
    """Return the memories of a design for `network` that does not learn, listed by core and link.

    The design stores `bench_images` images to play. `shows` is whether the ROM of a core with a
    bitmap has an image to show.
    """
    return [
        *Core.memories(config),
        *LinkedCore.memories(config, network, ring_bytes, bench_images, shows),
    ]


def blocks(memory: Memory, family: Family, single_port: bool = False) -> dict[str, int]:
    """Return the resources of a device that a memory needs; `single_port` selects single-port RAM.

    Yosys selects the cheapest option: a bit in logic costs 1, in a read-only table 1 / 16, and a
    block RAM the cost in its library. Logic that selects one of several tables counts half. Look-up
    tables for logic are not counted here.
    """
    if single_port:
        return {"SPRAM": _single_port_blocks(memory)}
    if memory.varying is not None:  # Yosys omits the constant bits
        memory = replace(memory, width=memory.varying, varying=None)
    bits = memory.width * memory.depth
    logic = bits / 16 if memory.read_only else bits
    facts = facts_of(family)
    block_cost = facts.rom_block_cost if memory.read_only else facts.block_cost
    if family is ICE40:
        block_ram, cost = _block_ram_of_ice40(memory, block_cost)
        in_logic = memory.asynchronous_read or (logic <= cost and not memory.compact)
        return {} if in_logic else {"block RAM": block_ram}
    block_ram = _tiles(memory, TILE)
    if memory.read_only:
        return {"block RAM": block_ram} if logic > block_cost * block_ram else {}
    luts, tables = 4 * _tiles(memory, {4: TABLE_WORDS}), _tables(memory)
    written = memory.width * tables if facts.narrow_tables else luts
    cost = written + (_selection(memory) + (tables if tables > 1 else 0)) / 2
    if memory.asynchronous_read or memory.distributed or cost < block_cost * block_ram:
        return {"LUTs": luts}
    return {"block RAM": block_ram}


def memory_needs(held: Sequence[Memory], board: Board) -> Counter[str]:
    """Return the resources that the memories of a design need on the board's device.

    Logic around memories is included.
    """
    needs: Counter[str] = Counter()
    single_port = in_single_port_ram(held, board)
    for memory in held:
        used = blocks(memory, board.device.family, memory.path in single_port)
        needs.update(used)
        if "LUTs" in used:
            needs["LUTs"] += _selection(memory)
    return needs


def _bits(words: dict[int, int]) -> int:
    """Return the bits of a block with this number of words for each width."""
    return max(width * depth for width, depth in words.items())


def _block_ram_of_ice40(memory: Memory, block_cost: float) -> tuple[int, float]:
    """Return the number of block RAMs of an iCE40 that a memory needs, and their cost.

    Since every bit has a write mask, parts of the depth can share a word. Logic selects one of the
    parts. Narrow reads have fewer parts, and may need one more block.
    """
    choices = []
    for width in READ_WIDTHS:
        parts = ceil(memory.depth * width / BLOCK_BITS)
        number = ceil(memory.width * parts / width)
        choices.append((number, block_cost * number + memory.width * (parts - 1) / 2))
    return min(choices, key=lambda choice: choice[1])


def _single_port_blocks(memory: Memory) -> int:
    """Return the number of single-port RAMs of an iCE40 that a memory needs."""
    return _tiles(memory, SINGLE_PORT)


def _selection(memory: Memory) -> int:
    """Return the look-up tables that select one of the tables used as memory."""
    return memory.width * (_tables(memory) - 1)


def _tables(memory: Memory) -> int:
    """Return the look-up tables that hold one bit of all words."""
    return ceil(memory.depth / TABLE_WORDS)


def _tiles(memory: Memory, depths: dict[int, int]) -> int:
    """Return the smallest number of blocks for a memory, given the depth of a block per width.

    The blocks have equal width, except those for the remaining bits, which are narrower and may be
    deeper.
    """

    def tiles(width: int) -> int:
        return min(
            width // wide * ceil(memory.depth / deep) + (tiles(width % wide) if width % wide else 0)
            if width > wide
            else ceil(memory.depth / deep)
            for wide, deep in depths.items()
        )

    return tiles(memory.width)
