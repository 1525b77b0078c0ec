# SPDX-License-Identifier: BSD-2-Clause
"""The handler of the weights: WRITE, READ and CHECKSUM."""

from amaranth.hdl import Array, Cat, Module, Mux, ShapeLike, Signal
from amaranth.lib import enum
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.lib.counting import previous_or
from firstspike.hdl.link.framing.checksum import Checksum
from firstspike.hdl.link.protocol.formats import Request
from firstspike.hdl.link.protocol.messages import WORD_BYTES

from .handler import Handler, bytes_of, core_ports
from .word_walk import WordWalk


class State(enum.Enum):
    """States of the WeightHandler."""

    GATHER = 0  # collect four bytes of the payload
    START = 1  # set the address to these four bytes
    ASK = 2  # send a read or write request for a chunk to the core
    TAKE = 3  # accept the chunk, or send it as the answer
    SUM = 4  # add the bits of the chunk to the checksum
    SEND = 5  # send a byte of the checksum
    SHIFT = 6  # shift to the next byte of the checksum


class WeightHandler(Handler):
    """Execute WRITE, READ and CHECKSUM.

    WRITE and READ take two passes. The first pass only reads the words of the request, because the
    core reports an error for words that do not exist; the handler then refuses the request, and
    writes nothing. The handler therefore does not need the sizes of the layers.

    Throughput: WRITE takes about 20 cycles per chunk, which is faster than the line; READ is as
    fast as the answer is sent; CHECKSUM takes 34 cycles per chunk, plus the read by the core.
    """

    requests = (Request.WRITE, Request.READ, Request.CHECKSUM)

    def __init__(self, index: ShapeLike, config: CoreConfig) -> None:
        self._config = config
        super().__init__(index, **core_ports(config, "weights", "weights_read"))

    def build(self, m: Module) -> None:
        request, answer, asked = self.request, self.request.answer, self.weights.payload
        read = self.weights_read
        state = Signal(State)
        writes = request.kind == Request.WRITE
        sums = request.kind == Request.CHECKSUM
        reads = request.kind == Request.READ
        last_byte = request.index[:2] == WORD_BYTES - 1
        addressed = Signal()  # the start address of the request is loaded
        missed = Signal()  # the request names a word that does not exist
        count = Signal(8)  # number of remaining words to read
        enough = reads & (count == 0)

        # The address counter, and the request to the core.
        m.submodules.walk = walk = WordWalk(self._config)
        m.d.comb += [
            walk.place.eq(request.word),
            walk.start.eq(state == State.START),
            asked.write.eq(writes & request.second),
            asked.layer.eq(walk.layer),
            asked.address.eq(walk.address),
            asked.data.eq(request.word),
        ]
        # The latest byte is one of the checksum, which follows the number of words.
        gathers, wanted = state == State.GATHER, request.word[16:24]
        with m.If(gathers | (walk.advance & walk.whole)):
            m.d.sync += count.eq(previous_or(gathers, wanted, count))

        # The checksum adds a chunk bit by bit. Its result is shifted out by feeding back its own
        # bit, so that the other bits do not change.
        bit = Signal(range(8 * WORD_BYTES))
        answers = (state == State.TAKE) & answer.ready
        byte = Array(bytes_of(read.payload.data, WORD_BYTES))[bit[3:]]
        # A byte of the answer starts with its highest bit.
        of_chunk = byte.bit_select(bit[:3] ^ reads.replicate(3), 1)
        m.submodules.sum = crc = Checksum(CRC32_ISO_HDLC)
        checksum = Cat(reversed(crc.complement))  # reflected, and all its bits inverted
        summing, shifting = state == State.SUM, state == State.SHIFT
        m.d.comb += [
            crc.add.eq(summing | shifting),
            crc.bit.eq(Mux(shifting, ~checksum[0], of_chunk)),
        ]
        with m.If(crc.add | (answers & read.valid)):
            m.d.sync += bit.eq(bit + 1)
        last = bit == 8 * WORD_BYTES - 1

        # The answers.
        m.d.comb += [
            answer.valid.eq(
                writes
                | ((state == State.ASK) & enough)
                | ((state == State.TAKE) & read.valid)
                | (state == State.SEND)
            ),
            answer.payload.data.eq(Mux(sums, checksum[:8].bit_select(request.bit, 1), of_chunk)),
            answer.payload.end.eq(
                writes | (state == State.ASK) | ((state == State.SEND) & request.index[2])
            ),
        ]

        # The state machine: collect and check the payload, then request the words one by one.
        with m.Switch(state):
            with m.Case(State.GATHER):
                m.d.comb += request.payload.ready.eq(1)
                with m.If(request.payload.valid & last_byte):
                    m.d.sync += state.eq(Mux(addressed, State.ASK, State.START))
                with m.If(request.do):
                    m.d.sync += addressed.eq(0)
                    m.d.comb += [
                        request.refused.eq(missed),
                        request.again.eq(~request.second),
                        request.done.eq(Mux(writes, ~walk.begun, request.second)),
                    ]
                    with m.If(sums):
                        m.d.comb += [walk.first.eq(1), crc.start.eq(1)]
                    with m.Elif(~request.second):
                        # An incomplete word: all chunks of a word must be read.
                        m.d.sync += missed.eq(missed | walk.begun | enough)
                    with m.If(~writes | walk.begun):
                        m.d.sync += state.eq(State.ASK)
            with m.Case(State.START):
                m.d.sync += [
                    addressed.eq(1),
                    missed.eq(walk.outside),
                    state.eq(State.GATHER),
                ]
            with m.Case(State.ASK):
                m.d.comb += [
                    self.weights.valid.eq(~enough),
                    request.done.eq(enough),
                    request.refused.eq(missed),
                    request.again.eq(1),
                ]
                with m.If(enough):
                    m.d.sync += state.eq(Mux(~request.second | answer.ready, State.GATHER, state))
                with m.Elif(self.weights.ready):
                    m.d.sync += state.eq(State.TAKE)
                    with m.If(asked.write):
                        m.d.comb += walk.advance.eq(1)
                        m.d.sync += state.eq(State.GATHER)
            with m.Case(State.TAKE), m.If(read.valid):
                with m.If(sums):
                    m.d.sync += state.eq(State.SUM)
                    with m.If(read.payload.error):
                        m.d.comb += [read.ready.eq(1), walk.leave.eq(1)]
                        m.d.sync += state.eq(State.ASK)
                        with m.If(walk.layer == len(self._config.layers) - 1):
                            m.d.comb += request.done.eq(1)
                            m.d.sync += state.eq(State.SEND)
                with m.Elif(~request.second | (answer.ready & last)):
                    m.d.comb += [read.ready.eq(1), walk.advance.eq(1)]
                    m.d.sync += [
                        missed.eq(missed | read.payload.error),
                        state.eq(Mux(writes, State.GATHER, State.ASK)),
                    ]
            with m.Case(State.SUM), m.If(last):
                m.d.comb += [read.ready.eq(1), walk.advance.eq(1)]
                m.d.sync += state.eq(State.ASK)
            with m.Case(State.SEND), m.If(answer.ready & ((request.bit == 0) | request.index[2])):
                m.d.sync += state.eq(Mux(request.index[2], State.GATHER, State.SHIFT))
            with m.Case(State.SHIFT), m.If(bit[:3] == 7):
                m.d.sync += state.eq(State.SEND)
