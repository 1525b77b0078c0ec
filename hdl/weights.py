"""The weight store of a layer: one word (a weight a lane) a cycle, and a host port to it."""

from types import SimpleNamespace

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.quantise import weight_range

CHUNK_BITS = 32
"""Width of the host port."""


def chunks_of(shape):
    """Chunks of the host port that a weight word of a layer of `shape` takes."""
    return -(-shape.word.size // CHUNK_BITS)


def pack_words(shape, weights):
    """The words of the store as integers, for `weights` (n_in, n_out).

    Word group * n_in + row holds the weights of that row for the neurons of the group, lane 0 in
    the lowest bits. Lanes without a neuron get 0.
    """
    schedule, bits = shape.schedule, shape.weight_bits + shape.unused_bits
    mask = (1 << bits) - 1
    words = []
    for group in range(schedule.groups):
        part = weights[:, group * schedule.lanes : (group + 1) * schedule.lanes]
        for row in part.tolist():
            word = 0
            for lane, weight in enumerate(row):
                word |= (weight & mask) << lane * bits
            words.append(word)
    return words


def unpack_words(shape, words):
    """The weights, int16 [n_in, n_out], that `pack_words` makes these words of."""
    schedule, bits = shape.schedule, shape.word.elem_shape.width
    weights = np.zeros((schedule.n_in, schedule.groups * schedule.lanes), np.int16)
    for address, word in enumerate(words):
        group, row = divmod(address, schedule.n_in)
        for lane in range(schedule.lanes):
            weight = word >> lane * bits & ((1 << bits) - 1)
            weight -= weight >> bits - 1 << bits
            weights[row, group * schedule.lanes + lane] = weight
    return weights[:, : schedule.n_out]


def host_request(shape):
    """A chunk to write, or the request to read one; `address` is that of the word."""
    return data.StructLayout({"write": 1, "address": range(shape.words), "data": CHUNK_BITS})


STEP_BITS = 4
"""Width of the step of an update."""


def update_layout(shape):
    """What a Learner does to a word: `step` is added to some lanes, and taken from others."""
    lanes = shape.schedule.lanes
    return data.StructLayout(
        {"address": range(shape.words), "plus": lanes, "minus": lanes, "step": STEP_BITS}
    )


def updated_signature(shape):
    """The signs of a word's lanes, in the cycle in which it is written after an update."""
    return wiring.Signature({"valid": Out(1), "negative": Out(shape.schedule.lanes)})


class WeightStore(wiring.Component):
    """Weights in block RAM.

    The lanes' reads pass through as a stream, and whatever belongs to a word travels with it.
    The host's accesses use the same memory port in cycles without a read: read and write share one
    address and never happen in the same cycle, so no collision logic is paid for.

    Ports
    -----
    reads : stream of {operation, address}; with `operation.row` low the word is not used.
    words : stream of {operation, word}. Latency 1 cycle, throughput one word a cycle.
    host : stream of `host_request`. The chunks of a word come in order, lowest bits first; with
        the last one the word is written. To be used between images: in the middle of one it waits
        for a cycle in which the lanes want no word, and a write takes effect from then on.
    answers : stream of the chunks read, one for each request to read.
    updates : (where `shape.learns`) stream of `update_layout`, one word a cycle; always ready.
        Updates go before the host and before the lanes, which must not read what is written, and
        have no word waiting: it would be lost.
        Weights saturate. A word is written 2 cycles after its update was taken, and is not to be
        updated again before that.
    updated : (likewise) `updated_signature`.

    Parameters: `weights` (n_in, n_out) is what the memory holds at power-up, None for zeros.
    """

    def __init__(self, shape, weights=None):
        self._shape = shape
        self._weights = weights
        learning = {
            "updates": In(stream.Signature(update_layout(shape))),
            "updated": Out(updated_signature(shape)),
        }
        super().__init__(
            {
                "reads": In(
                    stream.Signature(
                        data.StructLayout(
                            {"operation": shape.operation, "address": range(shape.words)}
                        )
                    )
                ),
                "words": Out(
                    stream.Signature(
                        data.StructLayout({"operation": shape.operation, "word": shape.word})
                    )
                ),
                "host": In(stream.Signature(host_request(shape))),
                "answers": Out(stream.Signature(CHUNK_BITS)),
            }
            | (learning if shape.learns else {})
        )

    def elaborate(self, platform):
        m = Module()
        shape = self._shape
        init = [] if self._weights is None else pack_words(shape, self._weights)
        m.submodules.memory = store = memory.Memory(
            shape=shape.word.size,
            depth=shape.words,
            init=init,
            # An update is written while another word is read, never the same one.
            attrs={"no_rw_check": 1} if shape.learns else {},
        )
        read = store.read_port(domain="comb")
        write = store.write_port()
        q = Signal(shape.word.size)

        address = Signal(range(shape.words))
        change = Signal()  # a word is read to be updated
        written = SimpleNamespace(valid=0, address=address, data=0)  # by an update
        quiet = 1
        if shape.learns:
            written = self._update(m, change, q)
            quiet = ~written.busy
        commit = Signal()  # a whole word has come from the host
        fetch = Signal()  # the host reads a word in this cycle
        wanted = self.reads.valid
        free = ~self.words.valid | self.words.ready
        load = Signal()
        m.d.comb += [
            self.reads.ready.eq(free & ~change),
            load.eq(self.reads.valid & self.reads.ready),
            read.addr.eq(address),
            write.addr.eq(Mux(written.valid, written.address, address)),
            address.eq(Mux(wanted, self.reads.payload.address, self.host.payload.address)),
            write.en.eq(commit | written.valid),
            self.words.payload.word.eq(q),
        ]
        if shape.learns:
            with m.If(change):
                m.d.comb += address.eq(self.updates.payload.address)
        with m.If((load | fetch | change) & ~commit):
            m.d.sync += q.eq(read.data)
        with m.If(load):
            m.d.sync += self.words.payload.operation.eq(self.reads.payload.operation)
        with m.If(free):
            m.d.sync += self.words.valid.eq(load)

        # The host's side: a register that shifts by a chunk, for both directions.
        chunks = chunks_of(shape)
        word = Signal(chunks * CHUNK_BITS)
        count = Signal(range(chunks))
        fetched = Signal()
        request = self.host.payload
        shifted = Cat(Value.cast(word)[CHUNK_BITS:], request.data)
        m.d.comb += write.data.eq(Mux(written.valid, written.data, shifted))
        last = count == chunks - 1
        following = Mux(last, 0, count + 1)
        source = Mux(fetched, q, word)
        m.d.sync += fetched.eq(fetch)
        with m.If(self.answers.ready):
            m.d.sync += self.answers.valid.eq(0)
        with m.If(self.host.valid & request.write & quiet):
            m.d.comb += [self.host.ready.eq(~last | ~wanted), commit.eq(last & ~wanted)]
            with m.If(self.host.ready):
                m.d.sync += [word.eq(shifted), count.eq(following)]
        with m.Elif(self.host.valid & ~self.answers.valid & quiet):
            with m.If((count == 0) & ~fetched):
                m.d.comb += fetch.eq(free & ~wanted)
            with m.Else():
                m.d.comb += self.host.ready.eq(1)
                m.d.sync += [
                    self.answers.valid.eq(1),
                    self.answers.payload.eq(source),
                    word.eq(source >> CHUNK_BITS),
                    count.eq(following),
                ]
        return m

    def _update(self, m, change, q):
        """Read, add, write: a register before and one after the addition.

        Drives `change` and `updated`. Returns {busy, valid, address, data}: whether an update is
        under way, and what it writes in this cycle.
        """
        shape = self._shape
        taken = self.updates.payload
        reading = Signal(update_layout(shape))  # the update whose word is in `q`
        reading_valid = Signal()
        written = SimpleNamespace(
            valid=Signal(name="written_valid"),
            address=Signal(range(shape.words), name="written_address"),
            data=Signal(shape.word, name="written_data"),
            busy=Signal(name="updating"),
        )
        m.d.comb += [
            self.updates.ready.eq(1),
            change.eq(self.updates.valid),
            written.busy.eq(change | reading_valid | written.valid),
            self.updated.valid.eq(written.valid),
        ]
        m.d.sync += [reading_valid.eq(change), written.valid.eq(reading_valid)]
        with m.If(change):
            m.d.sync += reading.eq(taken)
        before = data.View(shape.word, q)
        after = []
        lowest, highest = weight_range(shape.weight_bits + shape.unused_bits)
        for lane in range(shape.schedule.lanes):
            step = Mux(reading.plus[lane], reading.step, 0) - Mux(
                reading.minus[lane], reading.step, 0
            )
            total = Signal(signed(max(shape.word.elem_shape.width, STEP_BITS + 1) + 1))
            m.d.comb += total.eq(before[lane] + step)
            weight = Signal(shape.word.elem_shape)
            m.d.comb += weight.eq(Mux(total < lowest, lowest, Mux(total > highest, highest, total)))
            after.append(weight)
            m.d.comb += self.updated.negative[lane].eq(written.data[lane] < 0)
        with m.If(reading_valid):
            m.d.sync += [written.data.eq(Cat(after)), written.address.eq(reading.address)]
        return written
