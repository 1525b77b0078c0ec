"""Memory arithmetic: what memories a core and its link have, and how many blocks they take.

The list follows the hardware's sources (a test compares them), the number of blocks the rules by
which Yosys maps memories (a test compares these, too).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from firstspike.golden import Network
from firstspike.hdl.core.config import CoreConfig, LayerConfig
from firstspike.hdl.core.lanes import fired_layout
from firstspike.hdl.core.layouts import address_shape
from firstspike.hdl.flow.devices import ICE40, Family
from firstspike.hdl.link.messages import bitmap_bytes
from firstspike.hdl.link.protocol import identity_bytes
from firstspike.hdl.link.transmitter import DEPTH


@dataclass(frozen=True)
class Memory:
    """A memory of the design."""

    path: str
    """Of the module it is in, from the core or the link on."""
    width: int
    depth: int
    looked_up: bool = False
    """It is read within a cycle, as block RAM is not."""
    read_only: bool = False


def core_memories(config: CoreConfig) -> list[Memory]:
    """Those of a core that does not learn; its Encoder has none, for it sees connected pixels."""
    memories = []
    for number, layer in enumerate(config.layers):
        memories += [
            replace(memory, path=f"layer_{number}.{memory.path}")
            for memory in _layer_memories(layer)
        ]
    return memories


def _layer_memories(layer: LayerConfig) -> list[Memory]:
    folding = layer.folding
    memories = [Memory("store", layer.word_bits, words) for words in folding.bank_words]
    if folding.groups > 1:
        state = layer.widths.S + layer.widths.M
        memories += [
            Memory("sequencer.row_list", address_shape(folding.n_in).width, folding.n_in),
            Memory("lanes", state * folding.lanes, folding.groups),
        ]
    if folding.mask_places:
        width = fired_layout(layer).size
        memories.append(Memory("drain.places", width, folding.mask_places, looked_up=True))
    if folding.window:
        place, keys = (folding.n_out - 1).bit_length(), 1 << folding.window
        memories += [
            *2 * [Memory("emitter.queue", place, keys, looked_up=True)],
            *2 * [Memory("emitter.queue", place, folding.n_out)],
        ]
    return memories


STORE, RING = "layer_0.store", "ring.store"
SINGLE_PORT = (STORE, RING)
"""Where the memories are that have one address, and are large."""


def link_memories(rom: int, ring: int) -> list[Memory]:
    """Those of the link: bytes of requests, of answers, and what it knows of itself."""
    return [
        Memory(RING, 9, ring),
        Memory("transmitter", 8, DEPTH),
        Memory("rom", 8, rom, read_only=True),
    ]


@dataclass(frozen=True)
class Blocks:
    """What memories take of a device."""

    block_ram: int = 0
    spram: int = 0
    luts: int = 0

    def __add__(self, other: Blocks) -> Blocks:
        return Blocks(
            self.block_ram + other.block_ram, self.spram + other.spram, self.luts + other.luts
        )


def blocks(memory: Memory, family: Family, loaded: bool) -> Blocks:
    """What a memory takes; with `loaded` the big ones are in single-port RAM.

    Yosys takes what is cheapest: a bit of logic costs 1, of a table that is only read 1 / 16, and
    block RAM as much as its library says, and what is around it some more. Look-up tables for
    logic are not counted here.
    """
    bits = memory.width * memory.depth
    logic = bits / 16 if memory.read_only else bits
    if family is ICE40:
        if loaded and memory.path in SINGLE_PORT:
            return Blocks(spram=_tiles(memory, {16: 1 << 14}))
        block_ram = _tiles(memory, {16: 256, 8: 512, 4: 1024, 2: 2048})
        if memory.looked_up or logic <= 64 * block_ram:
            return Blocks()
        return Blocks(block_ram=block_ram)
    block_ram = _tiles(memory, {36: 512, 18: 1024, 9: 2048})
    if memory.read_only:
        return Blocks(block_ram=block_ram if logic > 136 * block_ram else 0)
    luts = 4 * _tiles(memory, {4: 16})
    selection = memory.width * (ceil(memory.depth / 16) - 1)
    if memory.looked_up or luts + selection < 128 * block_ram:
        return Blocks(luts=luts)
    return Blocks(block_ram=block_ram)


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


def memories(config: CoreConfig, network: Network, ring_bytes: int) -> list[Memory]:
    """All of a design for `network`."""
    return core_memories(config) + link_memories(_rom_bytes(config, network), ring_bytes)


def _rom_bytes(config: CoreConfig, network: Network) -> int:
    """Its parts begin at multiples of a power of two (see `BoardRom`); the last is shorter."""
    identity = 1 + identity_bytes(len(config.layers))
    if config.bitmap is None:
        return identity - 1  # it ends with the last layer's window, 0, and zeros are left out
    longest = max(identity, bitmap_bytes(network.n_inputs))
    return 2 * (1 << (longest - 1).bit_length()) + 1 + bitmap_bytes(config.n_inputs)
