# SPDX-License-Identifier: BSD-2-Clause
"""Weight stores of layers: a word (a weight per lane) of each bank per cycle, and a host port."""

from abc import abstractmethod
from collections.abc import Iterator
from functools import reduce
from itertools import product
from operator import or_
from typing import NamedTuple

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.golden.timing.layer import PAGE_WORDS, LayerFolding
from firstspike.hdl.lib.block import Block, assign_members, join, struct, tap
from firstspike.hdl.lib.duplicated_register import duplicated_register
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.pipeline import delayed
from firstspike.hdl.lib.resetless_register import resetless_register

from .config import LayerConfig
from .operations import operation_layout, read_layout
from .update_pipeline import UpdatePipeline, change_layout
from .words import CHUNK_BITS, check_weights, chunks_of, pack_words


def word_layout(config: LayerConfig) -> data.ArrayLayout:
    """Return the layout of a word of a layer's weight store: one stored weight per lane."""
    return data.ArrayLayout(signed(config.stored_bits), config.folding.lanes)


def fetched_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an operation and its words, one per bank."""
    words = data.ArrayLayout(word_layout(config), config.folding.rows)
    return struct(operation=operation_layout(config), words=words)


def host_request(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a host request for the chunk of the word at `address`.

    `write` is 1 to write `data`, 0 to read.
    """
    return struct(write=1, address=range(config.words), data=CHUNK_BITS)


def update_layout(folding: LayerFolding) -> data.StructLayout:
    """Return the layout of an update of a layer's weight store; see UpdatePipeline."""
    return change_layout(folding.lanes, folding.words)


def updated_signature(folding: LayerFolding) -> wiring.Signature:
    """Return the signature of the signs of an updated word, in the cycle of its write."""
    return tap(negative=folding.lanes)


def update_ports(config: LayerConfig) -> dict[str, wiring.Member]:
    """Return the ports by which a Learner changes weights; none without learning.

    `updates` is always ready and has at most one word per cycle. Updates have priority over the
    host and the lanes. Meanwhile the lanes must not read words that are being updated, and `words`
    must not be stalled, because an update overwrites its word. Weights saturate. Latency to the
    write of the word: `config.folding.update_cycles`; the same word must not be updated again
    before its write.
    """
    if not config.is_updated:
        return {}
    return {
        #: Weight updates.
        "updates": In(stream.Signature(update_layout(config.folding))),
        #: The signs of an updated word, in the cycle of its write.
        "updated": Out(updated_signature(config.folding)),
        #: With `updated`: the word.
        **({"updated_word": Out(word_layout(config))} if config.returns_words else {}),
    }


def ahead_signature(config: LayerConfig) -> wiring.Signature:
    """Return the signature of the operation of the next word, one cycle before the word."""
    return tap(operation=operation_layout(config))


def weight_memory(config: LayerConfig, width: int, depth: int) -> Memory:
    """Return a memory of a weight store.

    An update is never written while the same word is read. Memories that are read in every cycle
    may read the word being written, but this read is not used.
    """
    folding = config.folding
    stalls = not (config.is_updated or folding.rows > 1 or folding.pages > 1)
    return Memory(
        "",
        width,
        depth,
        distributed=config.distributed,
        one_address=stalls,
        no_collisions=not stalls,
    )


class Write(NamedTuple):
    """The write port of a bank."""

    enable: Value
    address: Value
    word: Value


class WeightStore(Block):
    """Weights in block RAM: `config.folding.rows` banks with a word per row and group, in pages.

    Read requests of the lanes pass through as a stream, together with their operations. Host
    accesses use the same memory port in cycles without a read. Without learning, reads and writes
    share one address. A word that is read in the cycle of its write is never used, so the memories
    need no collision logic.

    Latency from `reads` to `words`: `config.folding.word_cycles`; throughput: one word of each bank
    per cycle.

    Parameters: `config`; `weights` (n_in, n_out), the content of the memory at power-up, or None
    for zeros. Raises ValueError for weights of another shape or of more bits.
    """

    def __init__(self, config: LayerConfig, weights: np.ndarray | None = None) -> None:
        check_weights(config, weights)
        self._content = [] if weights is None else pack_words(config, weights)
        self._config = config
        super().__init__(
            reads=In(stream.Signature(read_layout(config))),
            #: Operations with their words. The receiver of a store that is not a StallingStore must
            #: always be ready.
            words=Out(stream.Signature(fetched_layout(config))),
            #: Valid in the cycle before a word is in `words`, with the operation of the word.
            ahead=Out(ahead_signature(config)),
            #: Requests for the chunks of a word in order, lowest bits first; the last chunk writes
            #: the word. Intended for use between images: during an image a request stalls until a
            #: cycle in which the lanes read no word, and a write takes effect at once.
            host=In(stream.Signature(host_request(config))),
            #: The chunks read, one for each read request.
            answers=Out(stream.Signature(CHUNK_BITS)),
            **update_ports(config),
        )
        # The host's access: a shift register for the chunks of a word, for both directions.
        self._word = Signal(chunks_of(config) * CHUNK_BITS, name="word", reset_less=True)
        self._shifted = Cat(self._word[CHUNK_BITS:], self.host.payload.data)
        self._fetch, self._commit = Signal(name="fetch"), Signal(name="commit")  # read, write

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories: for each bank one per segment of lanes, or one per page."""
        folding = config.folding
        parts = [folding.lanes] if folding.pages > 1 else map(len, config.segments)
        widths = [config.stored_bits * lanes for lanes in parts]
        for width, words in product(widths, folding.page_words * folding.rows):
            yield weight_memory(config, width, words)

    @abstractmethod
    def _build_banks(self, m: Module) -> tuple[Value, int, Value]:
        """Build the banks and connect the lanes.

        Returns the word that the host reads, its latency, and whether the host may access words.
        """

    @abstractmethod
    def _accept_chunk(self, m: Module, count: Signal, is_last: Value, following: Value) -> None:
        """Process a chunk of the host to write; the last chunk of a word writes the word."""

    def _free(self) -> Value:
        """Return whether the lanes can take a word."""
        return Const(1)

    def build(self, m: Module) -> None:
        q, cycles, may_access = self._build_banks(m)
        *fetching, fetched = (delayed(m, self._fetch, i + 1, f"fetch_{i}") for i in range(cycles))
        count = Signal(range(chunks_of(self._config)))
        is_last = count == chunks_of(self._config) - 1
        following = Mux(is_last, 0, count + 1)
        source = Mux(fetched, q, self._word)
        with m.If(self.answers.ready):
            m.d.sync += self.answers.valid.eq(0)
        with m.If(self.host.valid & self.host.payload.write & may_access):
            self._accept_chunk(m, count, is_last, following)
        with m.Elif(self.host.valid & ~self.answers.valid & may_access):
            with m.If((count == 0) & ~fetched):
                m.d.comb += self._fetch.eq(self._free() & ~self.reads.valid & ~Cat(fetching).any())
            with m.Else():
                m.d.comb += self.host.ready.eq(1)
                m.d.sync += [
                    self.answers.valid.eq(1),
                    self.answers.payload.eq(source),
                    self._word.eq(source >> CHUNK_BITS),
                    count.eq(following),
                ]

    def _connect_lanes(self, m: Module, words: list[Value]) -> Signal:
        """Connect `words` and `ahead`; return whether the lanes read words."""
        load, before = Signal(), self._config.folding.word_cycles - 1
        operation = self.reads.payload.operation.as_value()
        m.d.comb += [
            load.eq(self.reads.valid & self.reads.ready),
            self.ahead.valid.eq(delayed(m, load, before, "loaded")),
            self.ahead.operation.eq(delayed(m, operation, before, "operation")),
            self.words.payload.words.eq(Cat(words)),
        ]
        with m.If(self._free()):
            m.d.sync += [
                self.words.valid.eq(self.ahead.valid),
                self.words.payload.operation.eq(self.ahead.operation),
            ]
        return load

    def _memory(
        self, m: Module, name: str, content: list[int], depth: int, address: Value, write: Write
    ) -> tuple[Value, Signal]:
        """Build a memory; return the word at `address`, and a register for it."""
        width = len(write.word)
        ports = weight_memory(self._config, width, depth).build(m, f"bank_{name}", init=content)
        m.d.comb += [
            ports.read.addr.eq(address),
            ports.write.addr.eq(write.address),
            ports.write.data.eq(write.word),
            ports.write.en.eq(write.enable),
        ]
        return ports.read.data, resetless_register(width, f"q_{name}")

    def _pages(self, m: Module, bank: int, address: Value, asked: Value, write: Write) -> Value:
        """Build the pages of a bank; return the word two cycles later, or 0 unless `asked`.

        The output of the requested page is selected a cycle after the read. The other pages output
        zeros: a register reset and an OR instead of a multiplexer.
        """
        inside = (PAGE_WORDS - 1).bit_length()  # bits of an address in its page
        content, parts = self._content[bank :: self._config.folding.rows], []
        for page, depth in enumerate(self._config.folding.page_words):
            name = f"{bank}_{page}"
            enable = write.enable & (write.address[inside:] == page)
            init = content[page * PAGE_WORDS :][:depth]
            word, q = self._memory(m, name, init, depth, address, write._replace(enable=enable))
            chosen = Signal(name=f"chosen_{name}")
            part = Signal(len(q), name=f"part_{name}", reset_less=True)
            m.d.sync += [
                q.eq(word),
                chosen.eq(asked & (address[inside:] == page)),
                part.eq(Mux(chosen, q, 0)),
            ]
            parts.append(part)
        return reduce(or_, parts)


class SingleBankStore(WeightStore):
    """The weight store of a layer that adds one row per cycle, and that may learn."""

    @abstractmethod
    def _bank(self, m: Module, address: Value, take: Signal, write: Write) -> Value:
        """Build the bank; return the word at `address`, which is read if `take` is high."""

    def _build_banks(self, m: Module) -> tuple[Value, int, Value]:
        config, host_address = self._config, self.host.payload.address
        address, take = Signal(range(config.words), name="address_0"), Signal()
        write = Write(
            enable=Signal(name="write_valid"),
            address=Signal(range(config.words), name="write_address"),
            word=Signal(config.word_bits, name="write_data"),
        )
        word = self._bank(m, address, take, write)
        load = self._connect_lanes(m, [word])
        m.d.comb += [
            self.reads.ready.eq(self._free()),
            take.eq((load | self._fetch) & ~self._commit),
            address.eq(Mux(self.reads.valid, self.reads.payload.addresses[0], host_address)),
        ]
        may_access: Value = Const(1)
        if config.is_updated:
            may_access = self._build_updates(m, word, address, take, write)
        else:
            m.d.comb += [
                write.enable.eq(self._commit),
                write.address.eq(address),
                write.word.eq(self._shifted),
            ]
        return word, config.folding.word_cycles, may_access

    def _build_updates(
        self, m: Module, word: Value, address: Signal, take: Signal, write: Write
    ) -> Value:
        """Connect the pipeline of updates; return whether none is under way."""
        config = self._config
        m.submodules.pipeline = pipeline = UpdatePipeline(
            word=word_layout(config), words=config.words, word_cycles=config.folding.word_cycles
        )
        join(m, wiring.flipped(self), pipeline, "updates", "updated")
        m.d.comb += [
            pipeline.q.eq(word),
            pipeline.host.valid.eq(self._commit),
            pipeline.host.address.eq(self.host.payload.address),
            pipeline.host.word.eq(self._shifted),
            write.enable.eq(pipeline.write.valid),
            assign_members(write, pipeline.write, "address", "word"),
            self.reads.ready.eq(self._free() & ~pipeline.read.valid & ~pipeline.write.valid),
        ]
        if config.returns_words:
            m.d.comb += self.updated_word.eq(pipeline.write.word)
        with m.If(pipeline.read.valid):
            m.d.comb += [address.eq(pipeline.read.address), take.eq(1)]
        return ~pipeline.busy

    def _accept_chunk(self, m: Module, count: Signal, is_last: Value, following: Value) -> None:
        # No write while a word waits in `words`: single-port RAM may lose its read data.
        may_write = self._free() & ~self.reads.valid
        m.d.comb += [
            self.host.ready.eq(~is_last | may_write),
            self._commit.eq(is_last & may_write),
        ]
        with m.If(self.host.ready):
            m.d.sync += [self._word.eq(self._shifted), count.eq(following)]


class StallingStore(SingleBankStore):
    """A bank of one page, which holds its word until the next read.

    Back-pressure at `words` stalls `reads`.
    """

    def _free(self) -> Value:
        return ~self.words.valid | self.words.ready

    def _bank(self, m: Module, address: Value, take: Signal, write: Write) -> Value:
        word, q = self._memory(m, "0_0", self._content, self._config.words, address, write)
        with m.If(take):
            m.d.sync += q.eq(word)
        return q


class PagedStore(SingleBankStore):
    """A bank of several pages, which are read in every cycle: `take` would have a long route."""

    def _bank(self, m: Module, address: Value, take: Signal, write: Write) -> Value:
        return self._pages(m, 0, address, Const(1), write)


class BankedStore(WeightStore):
    """The weight store of a layer that adds several rows per cycle.

    A bank without a requested row outputs 0. The banks are read in every cycle, and the address of
    each is in a register at the bank.
    """

    def _build_banks(self, m: Module) -> tuple[Value, int, Value]:
        config, request = self._config, self.reads.payload
        level = config.folding.rows.bit_length() - 1
        host = self.host.payload.address
        data = delayed(m, self._word, latencies.ADDRESS - 1, "data")[: config.word_bits]
        words = []
        for bank in range(config.folding.rows):
            address = Signal(range(config.folding.bank_words), name=f"address_{bank}")
            m.d.comb += address.eq(Mux(self.reads.valid, request.addresses[bank], host[level:]))
            is_host = host[:level] == bank
            asked = Mux(self.reads.valid, request.operation.row[bank], is_host)
            at_bank = delayed(m, address, latencies.ADDRESS, f"address_{bank}")
            write = Write(
                enable=delayed(m, self._commit & is_host, latencies.ADDRESS, f"write_{bank}"),
                address=at_bank,
                word=data,
            )
            asked = delayed(m, asked, latencies.ADDRESS - 1, f"asked_{bank}")
            words.append(self._bank(m, bank, at_bank, asked, write))
        self._connect_lanes(m, words)
        m.d.comb += self.reads.ready.eq(1)
        # A register for the long routes from the banks to the host.
        host_word = Signal(config.word_bits, reset_less=True)
        m.d.sync += host_word.eq(reduce(or_, words))
        return host_word, config.folding.word_cycles + 1, Const(1)

    def _bank(self, m: Module, bank: int, address: Value, asked: Value, write: Write) -> Value:
        """Build a bank; return the word at `address`. `asked` leads `address` by a cycle."""
        folding, bits = self._config.folding, self._config.stored_bits
        content, parts = self._content[bank :: folding.rows], []
        for number, segment in enumerate(self._config.segments):
            low, high = segment.start * bits, segment.stop * bits
            name = f"{bank}_{number}"
            init = [word >> low & (1 << high - low) - 1 for word in content]
            part = write._replace(word=write.word[low:high])
            word, q = self._memory(m, name, init, folding.bank_words, address, part)
            # The synchronous reset of the block RAM's output register.
            m.d.sync += q.eq(Mux(duplicated_register(m, asked, f"asked_{name}"), word, 0))
            parts.append(q)
        return Cat(parts)

    def _accept_chunk(self, m: Module, count: Signal, is_last: Value, following: Value) -> None:
        # `reads.valid` settles late and has a long route, so it is no enable of this wide
        # register: the word is complete a cycle before `commit`.
        complete = Signal()
        m.d.comb += [
            self.host.ready.eq(~is_last | self._commit),
            self._commit.eq(complete & ~self.reads.valid),
        ]
        m.d.sync += complete.eq(is_last & ~self.host.ready)
        with m.If(~complete):
            m.d.sync += self._word.eq(self._shifted)
        with m.If(self.host.ready):
            m.d.sync += count.eq(following)


class PagedBankedStore(BankedStore):
    """The weight store of a layer that adds several rows per cycle, with banks of several pages."""

    def _bank(self, m: Module, bank: int, address: Value, asked: Value, write: Write) -> Value:
        return self._pages(m, bank, address, delayed(m, asked, 1, f"asked_{bank}_paged"), write)


def store_class(config: LayerConfig) -> type[WeightStore]:
    """Return the class of the weight store of a layer."""
    paged = config.folding.pages > 1
    if config.folding.rows > 1:
        return PagedBankedStore if paged else BankedStore
    return PagedStore if paged else StallingStore
