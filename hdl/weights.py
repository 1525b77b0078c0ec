"""The weight store of a layer: one word (a weight a lane) a cycle, and a host port to it."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

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
    schedule, bits = shape.schedule, shape.weight_bits
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


def host_request(shape):
    """A chunk to write, or the request to read one; `address` is that of the word."""
    return data.StructLayout({"write": 1, "address": range(shape.words), "data": CHUNK_BITS})


class WeightStore(wiring.Component):
    """Weights in block RAM.

    The lanes' reads pass through as a stream, and whatever belongs to a word travels with it.
    The host's accesses take a cycle of the same memory port: read and write share one address
    and never happen in the same cycle, so no collision logic is paid for.

    Ports
    -----
    reads : stream of {operation, address}; with `operation.row` low the word is not used.
    words : stream of {operation, word}. Latency 1 cycle, throughput one word a cycle.
    host : stream of `host_request`. The chunks of a word come in order, lowest bits first; with
        the last one the word is written. To be used between images: a write in the middle of
        one takes effect in the middle of it.
    answers : stream of the chunks read, one for each request to read.

    Parameters: `weights` (n_in, n_out) is what the memory holds at power-up, None for zeros.
    """

    def __init__(self, shape, weights=None):
        self._shape = shape
        self._weights = weights
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
        )

    def elaborate(self, platform):
        m = Module()
        shape = self._shape
        init = [] if self._weights is None else pack_words(shape, self._weights)
        m.submodules.memory = store = memory.Memory(
            shape=shape.word.size, depth=shape.words, init=init
        )
        read = store.read_port(domain="comb")
        write = store.write_port()
        q = Signal(shape.word.size)

        address = Signal(range(shape.words))
        commit = Signal()  # a whole word has come from the host
        fetch = Signal()  # the host reads a word in this cycle
        free = ~self.words.valid | self.words.ready
        load = Signal()
        m.d.comb += [
            self.reads.ready.eq(free & ~commit & ~fetch),
            load.eq(self.reads.valid & self.reads.ready),
            read.addr.eq(address),
            write.addr.eq(address),
            address.eq(Mux(commit | fetch, self.host.payload.address, self.reads.payload.address)),
            write.en.eq(commit),
            self.words.payload.word.eq(q),
        ]
        with m.If((load | fetch) & ~commit):
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
        m.d.comb += write.data.eq(shifted)
        last = count == chunks - 1
        following = Mux(last, 0, count + 1)
        source = Mux(fetched, q, word)
        answer_free = ~self.answers.valid | self.answers.ready
        m.d.sync += fetched.eq(fetch)
        with m.If(self.answers.ready):
            m.d.sync += self.answers.valid.eq(0)
        with m.If(self.host.valid & request.write):
            m.d.comb += [self.host.ready.eq(1), commit.eq(last)]
            m.d.sync += [word.eq(shifted), count.eq(following)]
        with m.Elif(self.host.valid & answer_free):
            with m.If((count == 0) & ~fetched):
                m.d.comb += fetch.eq(free)
            with m.Else():
                m.d.comb += self.host.ready.eq(1)
                m.d.sync += [
                    self.answers.valid.eq(1),
                    self.answers.payload.eq(source),
                    word.eq(source >> CHUNK_BITS),
                    count.eq(following),
                ]
        return m
