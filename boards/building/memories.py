# SPDX-License-Identifier: BSD-2-Clause
"""Memory arithmetic: what memories a core and its link have, and how many blocks they take.

The list follows the hardware's sources (a test compares them), the number of blocks the rules by
which Yosys maps memories (a test compares these, too).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import ceil

from amaranth.utils import bits_for

from firstspike.boards.pins.board import Board
from firstspike.golden import Network
from firstspike.golden.timing.folding import places_for
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.devices import ECP5, ICE40, Family
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.drain import filled_bits
from firstspike.hdl.layer.lanes import fired_layout
from firstspike.hdl.layer.layouts import indices_layout
from firstspike.hdl.link.framing.transmitter import DEPTH
from firstspike.hdl.link.handlers.player import EXPECTED
from firstspike.hdl.link.protocol.formats import identity_bytes
from firstspike.hdl.link.protocol.messages import bitmap_bytes


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
    near: bool = False
    """It is to be in look-up tables, if these can be memory."""
    around: int = 12
    """What Yosys counts for what it has to put around block RAM."""


BLOCK_COST, ROM_BLOCK_COST = {ICE40: 64, ECP5: 128}, {ICE40: 64, ECP5: 131}
"""What Yosys counts for a block, in bits of logic: as its library says, for a ROM as trials say."""

TABLE_WORDS = 16
"""Of a look-up table that is memory."""

STORE, RING = "layer_0.store", "ring.store"
SINGLE_PORT = (STORE, RING)
"""Where the memories are that have one address, and are large."""


def memories(
    config: CoreConfig, network: Network, ring_bytes: int, bench_images: int = 0
) -> list[Memory]:
    """All of a design for `network` that does not learn.

    The link's are those of requests, of answers, of what it knows of itself, of the rows that have
    spiked in an image that comes as events, and of images to play, if there are `bench_images`. The
    Encoder sees connected pixels, and has none but where its words wait for several banks.
    """
    return [
        *_waiting_words(config),
        *(memory for number, layer in enumerate(config.layers) for memory in _of(layer, number)),
        Memory(RING, 9, ring_bytes),
        Memory("transmitter", 8, DEPTH),
        Memory("rom", 8, _rom_bytes(config, network, bench_images > 0), read_only=True),
        Memory("engine.images", 1, 1 << bits_for(config.layers[0].folding.n_in - 1)),
        *(_to_play(config, bench_images) if bench_images else ()),
    ]


def _waiting_words(config: CoreConfig) -> Iterator[Memory]:
    """In link and encoder, of an image for a core that takes several rows a cycle."""
    rows = config.layers[0].folding.rows
    if config.bitmap is None or config.n_inputs is None or rows == 1:
        return
    words = ceil(config.n_inputs / config.bitmap)
    yield Memory("engine.images.packer", config.bitmap, words, looked_up=True)
    part = config.bitmap // rows + (words - 1).bit_length()
    for bank in range(rows):
        yield Memory(f"encoder.waiting_{bank}", part, places_for(words), looked_up=True)


def _of(layer: LayerConfig, number: int) -> Iterator[Memory]:
    folding, place = layer.folding, f"layer_{number}"
    # Pages are as wide as all lanes; a bank without any has a memory for each segment of them.
    parts = [folding.lanes] if folding.pages > 1 else map(len, layer.segments)
    widths = [layer.stored_bits * lanes for lanes in parts]
    # A bank that is read in every cycle needs nothing to hold a word, a page not even a reset.
    around = 0 if folding.pages > 1 else 1 if folding.rows > 1 else 4
    for width, words in product(widths, folding.page_words * folding.rows):
        yield Memory(f"{place}.store", width, words, near=layer.near, around=around)
    if folding.groups > 1:
        state = layer.widths.S + layer.widths.M
        listed = indices_layout(layer).size + (folding.rows if folding.rows > 1 else 0)
        yield Memory(f"{place}.sequencer.row_list", listed, folding.n_in)
        yield Memory(f"{place}.lanes", state * folding.lanes, folding.groups)
    if folding.mask_places:
        width = fired_layout(layer).size + filled_bits(layer)
        yield Memory(f"{place}.drain.places.waiting", width, folding.mask_places, looked_up=True)
    if folding.window:
        bits, keys = (folding.n_out - 1).bit_length(), 1 << folding.window
        yield from 2 * [Memory(f"{place}.emitter.queue", bits, keys, looked_up=True)]
        yield from 2 * [Memory(f"{place}.emitter.queue", bits, folding.n_out)]


def _to_play(config: CoreConfig, images: int) -> Iterator[Memory]:
    """Each image begins at a multiple of a power of two (see `Player`)."""
    assert config.bitmap is not None  # or it holds none
    words = -(-config.layers[0].folding.n_in // config.bitmap)
    yield Memory("engine.playing.player", config.bitmap, images << (words - 1).bit_length())
    yield Memory("engine.playing.player", EXPECTED.size, images)


def _rom_bytes(config: CoreConfig, network: Network, plays: bool) -> int:
    """Its parts begin at multiples of a power of two (see `BoardRom`); the last is shorter."""
    identity = 1 + identity_bytes(len(config.layers), plays)
    if config.bitmap is None:
        return identity
    longest = max(identity, bitmap_bytes(network.n_inputs))
    return 2 * (1 << (longest - 1).bit_length()) + 1 + bitmap_bytes(len(network.inputs))


def blocks(memory: Memory, family: Family, loaded: bool) -> dict[str, int]:
    """What a memory takes of a device; with `loaded` the big ones are in single-port RAM.

    Yosys takes what is cheapest: a bit of logic costs 1, of a table that is only read 1 / 16, and
    block RAM as much as its library says, and what is around it some more; of what selects one of
    several tables half counts. Look-up tables for logic are not counted here.
    """
    bits = memory.width * memory.depth
    logic = bits / 16 if memory.read_only else bits
    block_cost = (ROM_BLOCK_COST if memory.read_only else BLOCK_COST)[family]
    if family is ICE40:
        if loaded and memory.path in SINGLE_PORT:
            return {"SPRAM": _tiles(memory, {16: 1 << 14})}
        # Every bit has a mask: parts of the depth lie side by side, also where a word is narrow.
        block_ram = ceil(memory.width * ceil(memory.depth / 256) / 16)
        if memory.looked_up or logic <= block_cost * block_ram:
            return {}
        return {"block RAM": block_ram}
    block_ram = _tiles(memory, {36: 512, 18: 1024, 9: 2048})
    if memory.read_only:
        return {"block RAM": block_ram} if logic > block_cost * block_ram else {}
    luts, tables = 4 * _tiles(memory, {4: TABLE_WORDS}), _tables(memory)
    cost = luts + (_selection(memory) + (tables if tables > 1 else 0)) / 2
    if memory.looked_up or memory.near or cost < block_cost * block_ram + memory.around:
        return {"LUTs": luts}
    return {"block RAM": block_ram}


def memory_needs(
    config: CoreConfig, network: Network, board: Board, bench_images: int = 0
) -> Counter[str]:
    """What all memories of a design take of the board's device, their own logic included."""
    needs: Counter[str] = Counter()
    for memory in memories(config, network, board.ring_bytes, bench_images):
        taken = blocks(memory, board.device.family, board.loaded)
        needs.update(taken)
        if "LUTs" in taken:
            needs["LUTs"] += _selection(memory)
    return needs


def _selection(memory: Memory) -> int:
    """Look-up tables that choose one of the tables that are memory."""
    return memory.width * (_tables(memory) - 1)


def _tables(memory: Memory) -> int:
    """That hold a bit of all its words."""
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
