# SPDX-License-Identifier: BSD-2-Clause
"""Weights: WRITE, READ and CHECKSUM."""

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
    """What the handler is at."""

    GATHER = 0  # four bytes
    START = 1  # they say where the words begin
    ASK = 2  # the core for a chunk of a word, or it writes one
    TAKE = 3  # the chunk, or byte by byte
    SUM = 4  # the bits of the chunk
    SEND = 5  # a byte of the checksum
    SHIFT = 6  # the next one comes


class WeightHandler(Handler):
    """Carries out WRITE, READ and CHECKSUM.

    A request that reads or writes is gone through twice. The first time its words are only read,
    for the core says which of them do not exist. So the handler needs no sizes.

    Throughput: of WRITE a chunk in some 20 cycles, of which the line takes more; of READ as fast as
    they are answered; of CHECKSUM a chunk in 34 cycles and those the core takes to read it.
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
        addressed = Signal()  # the walk knows where the request begins
        missed = Signal()  # it asks for what is not there
        count = Signal(8)  # of words that are still to be read
        enough = reads & (count == 0)

        # The walk over the words, and what is asked of the core.
        m.submodules.walk = walk = WordWalk(self._config)
        m.d.comb += [
            walk.place.eq(request.word),
            walk.start.eq(state == State.START),
            asked.write.eq(writes & request.second),
            asked.layer.eq(walk.layer),
            asked.address.eq(walk.address),
            asked.data.eq(request.word),
        ]
        # Behind the number of words a byte of the checksum has come.
        gathers, wanted = state == State.GATHER, request.word[16:24]
        with m.If(gathers | (walk.advance & walk.whole)):
            m.d.sync += count.eq(previous_or(gathers, wanted, count))

        # The checksum takes a chunk bit by bit, and then gives itself: the bit that it drops is its
        # own, so that no other one changes.
        bit = Signal(range(8 * WORD_BYTES))
        answers = (state == State.TAKE) & answer.ready
        byte = Array(bytes_of(read.payload.data, WORD_BYTES))[bit[3:]]
        # A byte of the answer begins with its highest bit.
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

        # The states: the payload is gathered and checked, then words are asked for one by one.
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
                        # A part of a word: the core must give the rest of it, too.
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
