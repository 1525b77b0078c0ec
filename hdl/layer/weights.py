# SPDX-License-Identifier: BSD-2-Clause
"""The weight store of a layer: one word (a weight per lane) per cycle, and a port for the host."""

from collections.abc import Iterator
from functools import reduce
from itertools import product
from operator import or_
from types import SimpleNamespace

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.layers.kind import weight_range
from firstspike.golden.learning.rule import REGISTERS
from firstspike.golden.timing import latencies
from firstspike.golden.timing.layer import PAGE_WORDS
from firstspike.hdl.lib.block import Block, struct, tap
from firstspike.hdl.lib.duplicated_register import duplicated_register
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.pipeline import delayed
from firstspike.hdl.lib.resetless_register import resetless_register

from .config import LayerConfig
from .operations import operation_layout, read_layout
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


STEP_BITS = REGISTERS["step"].bits
"""Width of the field `step` of an update."""


def update_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an update: add `step` to the lanes `plus`, subtract it from `minus`."""
    lanes = config.folding.lanes
    return struct(address=range(config.words), plus=lanes, minus=lanes, step=STEP_BITS)


def updated_signature(config: LayerConfig) -> wiring.Signature:
    """Return the signature of the signs of an updated word, in the cycle of its write."""
    return tap(negative=config.folding.lanes)


def update_ports(config: LayerConfig) -> dict[str, wiring.Member]:
    """Return the ports by which a Learner changes weights; none without learning.

    `updates` is always ready and has at most one word per cycle. Updates have priority over the
    host and the lanes. Meanwhile the lanes must not read words that are being updated, and `words`
    must not be stalled, because an update overwrites its word. Weights saturate. Latency to the
    write of the word: `config.folding.update_cycles`; the same word must not be updated again
    before its write.
    """
    if not config.learns:
        return {}
    return {
        #: Weight updates.
        "updates": In(stream.Signature(update_layout(config))),
        #: The signs of an updated word, in the cycle of its write.
        "updated": Out(updated_signature(config)),
    }


def ahead_signature(config: LayerConfig) -> wiring.Signature:
    """Return the signature of the operation of the next word, one cycle before the word."""
    return tap(operation=operation_layout(config))


class WeightStore(Block):
    """Weights in block RAM: `config.folding.rows` banks with a word per row and group, in pages.

    Read requests of the lanes pass through as a stream, together with their operations. With
    several banks, a bank without a requested row outputs 0. Host accesses use the same memory port
    in cycles without a read. Reads and writes share one address and never happen in the same cycle,
    so the memories need no collision logic.

    Latency from `reads` to `words`: `config.folding.word_cycles`; throughput: one word of each bank
    per cycle. With one bank and one page, back-pressure at `words` stalls `reads`.

    Parameters: `config`; `weights` (n_in, n_out), the content of the memory at power-up, or None
    for zeros. Raises ValueError for weights of another shape or of more bits.
    """

    def __init__(self, config: LayerConfig, weights: np.ndarray | None = None) -> None:
        check_weights(config, weights)
        self._weights = weights
        self._config = config
        super().__init__(
            reads=In(stream.Signature(read_layout(config))),
            #: Operations with their words. With several banks or pages the receiver must always be
            #: ready.
            words=Out(stream.Signature(fetched_layout(config))),
            #: Valid in the cycle before a word is in `words`, with the operation of the word.
            ahead=Out(ahead_signature(config)),
            #: Requests for the chunks of a word in order, lowest bits first; the last chunk writes
            #: the word. Intended for use between images: during an image a request stalls until a
            #: cycle in which the lanes read no word, and a write takes effect at once.
            host=In(stream.Signature(host_request(config))),
            #: The chunks read, one for each read request.
            answers=Out(stream.Signature(CHUNK_BITS)),
            #: Updates, at most one word per cycle; always ready. Updates have priority over the
            #: host and the lanes. Meanwhile the lanes must not read words that are being updated,
            #: and `words` must not be stalled, because an update overwrites its word. Weights
            #: saturate. Latency to the write of the word: `config.folding.update_cycles`; the same
            #: word must not be updated again before its write.
            updates=In(stream.Signature(update_layout(config))) if config.learns else None,
            #: The signs of an updated word, in the cycle of its write.
            updated=Out(updated_signature(config)) if config.learns else None,
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memories: for each bank one per segment of lanes, or one per page."""
        folding = config.folding
        parts = [folding.lanes] if folding.pages > 1 else map(len, config.segments)
        widths = [config.stored_bits * lanes for lanes in parts]
        alone = not (config.learns or folding.rows > 1 or folding.pages > 1)
        for width, words in product(widths, folding.page_words * folding.rows):
            yield Memory("", width, words, distributed=config.distributed, one_address=alone)

    def build(self, m: Module) -> None:
        config = self._config
        rows, paged = config.folding.rows, config.folding.pages > 1
        steady = rows > 1 or paged  # the memories are read in every cycle, and never stall

        # The banks, with the address of the word to read, and the word to write.
        asked_for = self.reads.payload
        wanted = self.reads.valid
        level = rows.bit_length() - 1
        host_address = self.host.payload.address
        take = Signal()  # read enable
        write = SimpleNamespace(
            valid=Signal(name="write_valid"),
            address=Signal(range(config.folding.bank_words), name="write_address"),
            data=Signal(config.word_bits, name="write_data", reset_less=config.learns),
        )
        commit = Signal()  # write the word of the host
        ahead = latencies.ADDRESS if rows > 1 else 0  # registers in front of the banks
        addresses, words = [], []
        for bank in range(rows):
            address = Signal(range(config.folding.bank_words), name=f"address_{bank}")
            addresses.append(address)
            asked, here = Const(1), write.valid
            if rows > 1:
                hosts = host_address[:level] == bank
                asked = Mux(wanted, asked_for.operation.row[bank], hosts)
                asked = delayed(m, asked, ahead - 1, f"asked_{bank}")
                here = delayed(m, commit & hosts, ahead, f"write_{bank}")
                address = delayed(m, address, ahead, f"address_{bank}")
            access = SimpleNamespace(address=address, asked=asked, take=take, writes=here)
            words.append(self._bank(m, bank, access, write))
        q, fetch_cycles = reduce(or_, words), config.folding.word_cycles  # for the host
        if rows > 1:  # a register for the long routes from the banks
            found = Signal(config.word_bits, reset_less=True)
            m.d.sync += found.eq(q)
            q, fetch_cycles = found, fetch_cycles + 1

        # The lanes: a request reads a word, and its operation is delayed by the same latency.
        fetch = Signal()  # the host reads a word in this cycle
        free = 1 if steady else ~self.words.valid | self.words.ready
        load = Signal()
        m.d.comb += [
            self.reads.ready.eq(free),
            load.eq(self.reads.valid & self.reads.ready),
            take.eq((load | fetch) & ~commit),
            *(
                address.eq(Mux(wanted, asked_for.addresses[bank], host_address[level:]))
                for bank, address in enumerate(addresses)
            ),
            self.words.payload.words.eq(Cat(words)),
        ]
        before = config.folding.word_cycles - 1
        operation = asked_for.operation.as_value()
        m.d.comb += [
            self.ahead.valid.eq(delayed(m, load, before, "loaded")),
            self.ahead.operation.eq(delayed(m, operation, before, "operation")),
        ]
        with m.If(free):
            m.d.sync += [
                self.words.valid.eq(self.ahead.valid),
                self.words.payload.operation.eq(self.ahead.operation),
            ]

        # The host: a shift register for the chunks of a word, for both directions.
        chunks = chunks_of(config)
        word = Signal(chunks * CHUNK_BITS, reset_less=True)
        count = Signal(range(chunks))
        request = self.host.payload
        shifted = Cat(Value.cast(word)[CHUNK_BITS:], request.data)
        quiet = 1  # no update is under way that could collide with a host access
        if config.learns:
            changed = self._update(m, q, write, commit, shifted)
            quiet = ~changed.busy
            m.d.comb += self.reads.ready.eq(free & ~changed.valid & ~write.valid)
            with m.If(changed.valid):
                m.d.comb += [addresses[0].eq(changed.address), take.eq(1)]
        else:
            m.d.comb += [write.valid.eq(commit), write.address.eq(addresses[0])]
            # With several banks, `word` is complete before `commit`.
            data = delayed(m, word, ahead - 1, "data") if ahead else shifted
            m.d.comb += write.data.eq(data)
        *fetching, fetched = (delayed(m, fetch, i + 1, f"fetch_{i}") for i in range(fetch_cycles))
        last = count == chunks - 1
        following = Mux(last, 0, count + 1)
        source = Mux(fetched, q, word)
        with m.If(self.answers.ready):
            m.d.sync += self.answers.valid.eq(0)
        with m.If(self.host.valid & request.write & quiet):
            # No write while a word waits in `words`: single-port RAM may lose its read data.
            if rows == 1:
                m.d.comb += [
                    self.host.ready.eq(~last | (free & ~wanted)),
                    commit.eq(last & free & ~wanted),
                ]
                with m.If(self.host.ready):
                    m.d.sync += [word.eq(shifted), count.eq(following)]
            else:
                # `wanted` settles late and has a long route, so it is no enable of this wide
                # register: the word is complete a cycle before `commit`.
                whole = Signal()
                m.d.comb += [self.host.ready.eq(~last | commit), commit.eq(whole & ~wanted)]
                m.d.sync += whole.eq(last & ~self.host.ready)
                with m.If(~whole):
                    m.d.sync += word.eq(shifted)
                with m.If(self.host.ready):
                    m.d.sync += count.eq(following)
        with m.Elif(self.host.valid & ~self.answers.valid & quiet):
            with m.If((count == 0) & ~fetched):
                m.d.comb += fetch.eq(free & ~wanted & ~Cat(fetching).any())
            with m.Else():
                m.d.comb += self.host.ready.eq(1)
                m.d.sync += [
                    self.answers.valid.eq(1),
                    self.answers.payload.eq(source),
                    word.eq(source >> CHUNK_BITS),
                    count.eq(following),
                ]

    def _bank(self, m: Module, bank: int, access: SimpleNamespace, write: SimpleNamespace) -> Value:
        """Build the memory of a bank, or its pages; `take` and `writes` are its enables.

        Returns the word at `address`, with a latency of one cycle, or two with several pages. A
        single bank with one page holds the word until the next read. Stores with several banks or
        pages read in every cycle, because `take` would have a long route, so their word is valid
        for one cycle. Unless `asked`, the word is 0; with several banks `asked` leads `address` by
        a cycle.
        """
        config, rows, pages = self._config, self._config.folding.rows, self._config.folding.pages
        address, asked = access.address, access.asked
        init = [] if self._weights is None else pack_words(config, self._weights)[bank::rows]
        written = write.address if rows == 1 else address
        attributes = {"distributed": 1} if config.distributed else {}
        if config.learns or rows > 1 or pages > 1:
            # An update is never written while the same word is read. Memories that are read in
            # every cycle may read the word being written, but this read is not used.
            attributes["no_rw_check"] = 1

        def memory_of(
            name: str, init: list[int], depth: int, data: Value, here: Value
        ) -> tuple[Value, Signal]:
            """Build a memory with write enable `here`; return its read data and a register."""
            m.submodules[f"bank_{name}"] = store = memory.Memory(
                shape=len(data), depth=depth, init=init, attrs=attributes
            )
            read, write_port = store.read_port(domain="comb"), store.write_port()
            q = resetless_register(len(data), f"q_{name}")
            m.d.comb += [
                read.addr.eq(address),
                write_port.addr.eq(written),
                write_port.data.eq(data),
                write_port.en.eq(here),
            ]
            return read.data, q

        # Without pages: one memory per segment of lanes.
        parts = []
        if pages == 1:
            depth = config.folding.bank_words
            for number, segment in enumerate(config.segments):
                low, high = (lane * config.stored_bits for lane in (segment.start, segment.stop))
                name = f"{bank}_{number}"
                content = [word >> low & (1 << high - low) - 1 for word in init]
                word, q = memory_of(name, content, depth, write.data[low:high], access.writes)
                if rows == 1:
                    with m.If(access.take):
                        m.d.sync += q.eq(word)
                else:  # the synchronous reset of the block RAM's output register
                    m.d.sync += q.eq(Mux(duplicated_register(m, asked, f"asked_{name}"), word, 0))
                parts.append(q)
            return Cat(parts)
        # Pages: the output of the requested page is selected a cycle later.
        if rows > 1:
            asked = delayed(m, asked, 1, f"asked_{bank}_paged")
        inside = (PAGE_WORDS - 1).bit_length()  # bits of an address in its page
        for page, depth in enumerate(config.folding.page_words):
            first, name = page * PAGE_WORDS, f"{bank}_{page}"
            content = init[first : first + depth]
            word, q = memory_of(
                name, content, depth, write.data, access.writes & (written[inside:] == page)
            )
            # The other pages output zeros: a register reset and an OR instead of a multiplexer.
            chosen = Signal(name=f"chosen_{name}")
            part = Signal(config.word_bits, name=f"part_{name}", reset_less=True)
            m.d.sync += [
                q.eq(word),
                chosen.eq(asked & (address[inside:] == page)),
                part.eq(Mux(chosen, q, 0)),
            ]
            parts.append(part)
        return reduce(or_, parts)

    def _update(
        self, m: Module, q: Value, write: SimpleNamespace, commit: Signal, word: Value
    ) -> SimpleNamespace:
        """Build the pipeline of updates: read, add, saturate, write, with a register before each.

        Drives `write` and `updated`; with `commit` the last register takes the host's `word`.
        Returns {valid, address, busy}: the read request, and whether an update is under way.
        """
        config = self._config
        update, under_way = self.updates.payload, [self.updates.valid]
        taken = []
        for _ in range(latencies.UPDATE + config.folding.word_cycles):  # until `q` is valid
            taken.append(Signal(update_layout(config)))
            with m.If(under_way[-1]):
                m.d.sync += taken[-1].eq(update)
            update = taken[-1]
            under_way.append(Signal())
            m.d.sync += under_way[-1].eq(under_way[-2])
        read = SimpleNamespace(
            valid=under_way[latencies.UPDATE], address=taken[latencies.UPDATE - 1].address
        )

        added, address = Signal(), Signal(range(config.words), name="added_address")
        before = data.View(word_layout(config), q)
        after = []
        lowest, highest = weight_range(config.weight_bits + config.unused_bits)
        for lane in range(config.folding.lanes):
            step = Mux(update.plus[lane], update.step, 0) - Mux(update.minus[lane], update.step, 0)
            bits = max(config.stored_bits, STEP_BITS + 1) + 1
            total = Signal(signed(bits), name=f"total_{lane}", reset_less=True)
            m.d.sync += total.eq(before[lane] + step)
            weight = Signal(word_layout(config).elem_shape)
            m.d.comb += weight.eq(Mux(total < lowest, lowest, Mux(total > highest, highest, total)))
            after.append(weight)
        m.d.sync += [added.eq(under_way[-1]), address.eq(update.address)]

        m.d.sync += [
            write.valid.eq(added | commit),
            write.address.eq(Mux(added, address, self.host.payload.address)),
            write.data.eq(Mux(added, Cat(after), word)),
            self.updated.valid.eq(added),
        ]
        written = data.View(word_layout(config), write.data)
        m.d.comb += [
            self.updates.ready.eq(1),
            self.updated.negative.eq(Cat(weight < 0 for weight in written)),
        ]
        read.busy = Cat(*under_way, added, write.valid).any()
        return read
