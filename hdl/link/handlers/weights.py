# SPDX-License-Identifier: BSD-2-Clause
"""Weights: WRITE, READ and CHECKSUM."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import enum
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.formats import ADDRESS_FORMAT, Request
from firstspike.hdl.link.protocol.messages import WORD_BYTES

from .handler import Handler, core_ports
from .word_walk import WordWalk


class State(enum.Enum):
    """What the handler is at."""

    GATHER = 0  # four bytes
    GATHERED = 1
    CHECK = 2  # whether all of the words are there
    ASK = 3  # for a chunk of a word
    TAKE = 4
    SUM = 5
    BYTES = 6  # of the chunk
    END = 7


class WeightHandler(Handler):
    """Carries out WRITE, READ and CHECKSUM.

    A request that reads or writes is gone through twice: at first only to see whether all of it is
    there.

    Throughput: of WRITE a chunk in 8 cycles, or as fast as the core takes them; of READ as fast as
    they are answered; of CHECKSUM a chunk in 34 cycles and those the core takes to read it.
    """

    requests = (Request.WRITE, Request.READ, Request.CHECKSUM)

    def __init__(self, index: ShapeLike, config: CoreConfig) -> None:
        self._config = config
        super().__init__(index, **core_ports(config, "weights", "weights_read"))

    def build(self, m: Module) -> None:
        request, answer, asked = self.request, self.request.answer, self.weights.payload
        state = Signal(State)
        writes = request.kind == Request.WRITE
        sums = request.kind == Request.CHECKSUM
        last_byte = request.index[:2] == WORD_BYTES - 1
        addressed = Signal()  # the walk knows where the request begins
        count = Signal(8)  # of words to read

        # The walk over the words, and what is asked of the core.
        m.submodules.walk = walk = WordWalk(self._config)
        m.d.comb += [
            walk.place.eq(request.word),
            walk.everything.eq(sums),
            asked.write.eq(writes),
            asked.layer.eq(walk.layer),
            asked.address.eq(walk.address),
            asked.data.eq(request.word),
        ]
        # The checksum, which takes a chunk bit by bit.
        bit = Signal(range(8 * WORD_BYTES))
        m.submodules.sum = crc = CRC32_ISO_HDLC(data_width=1).create()
        m.d.comb += [
            crc.data.eq(request.word[:8].bit_select(bit[:3], 1)),
            request.loaded.eq(self.weights_read.payload.data),
        ]

        # The answers.
        end = state == State.END
        checksum = crc.crc.word_select(request.index[:2], 8)
        m.d.comb += [
            answer.valid.eq(writes | sums | (state == State.BYTES) | end),
            answer.payload.data.eq(Mux(sums, checksum, request.word[:8])),
            answer.payload.end.eq(Mux(sums, request.index[2], writes | end)),
        ]

        # The states: the payload is gathered and checked, then words are asked for one by one.
        with m.Switch(state):
            with m.Case(State.GATHER):
                m.d.comb += request.payload.ready.eq(1)
                with m.If(request.payload.valid):
                    with m.If(last_byte):
                        m.d.sync += state.eq(State.GATHERED)
                    with m.If(request.index == ADDRESS_FORMAT.size):
                        m.d.sync += count.eq(request.payload.payload)
                with m.If(request.do):
                    m.d.sync += addressed.eq(0)
                    with m.If(writes):
                        m.d.comb += [
                            request.done.eq(1),
                            request.refused.eq(walk.outside | walk.begun),
                            request.again.eq(~request.second),
                        ]
                    with m.Elif(sums):
                        m.d.comb += [walk.start.eq(1), crc.start.eq(1)]
                        m.d.sync += state.eq(State.ASK)
                    with m.Elif(request.second):
                        m.d.comb += request.done.eq(1)
                        m.d.sync += state.eq(State.ASK)
                    with m.Else():
                        m.d.comb += [request.done.eq(count == 0), request.refused.eq(1)]
                        with m.If(count != 0):
                            m.d.sync += state.eq(State.CHECK)
            with m.Case(State.GATHERED):
                m.d.sync += addressed.eq(1)
                with m.If(~addressed):
                    m.d.comb += walk.start.eq(1)
                    m.d.sync += state.eq(State.GATHER)
                with m.Else():
                    m.d.comb += [
                        self.weights.valid.eq(request.second),
                        walk.advance.eq(~request.second | self.weights.ready),
                    ]
                    with m.If(walk.advance):
                        m.d.sync += state.eq(State.GATHER)
            with m.Case(State.CHECK):
                m.d.comb += [
                    walk.advance.eq(count != 0),
                    request.done.eq(count == 0),
                    request.refused.eq(walk.outside),
                    request.again.eq(1),
                ]
                with m.If(walk.whole):
                    m.d.sync += count.eq(count - 1)
                with m.If(count == 0):
                    m.d.sync += state.eq(State.GATHER)
            with m.Case(State.ASK):
                m.d.comb += self.weights.valid.eq(1)
                with m.If(self.weights.ready):
                    m.d.sync += state.eq(State.TAKE)
            with m.Case(State.TAKE):
                m.d.comb += [self.weights_read.ready.eq(1), request.load.eq(1)]
                with m.If(self.weights_read.valid):
                    m.d.sync += state.eq(State.BYTES)
                    with m.If(sums):
                        m.d.sync += state.eq(State.SUM)
            with m.Case(State.SUM):
                m.d.comb += [crc.valid.eq(1), request.shift.eq(bit[:3] == 7)]
                m.d.sync += bit.eq(bit + 1)
                with m.If(bit == 8 * WORD_BYTES - 1):
                    m.d.comb += walk.advance.eq(1)
                    m.d.sync += state.eq(State.ASK)
                    with m.If(walk.whole & walk.last):
                        m.d.comb += request.done.eq(1)
                        m.d.sync += state.eq(State.GATHER)
            with m.Case(State.BYTES):
                m.d.comb += request.shift.eq(answer.ready)
                with m.If(answer.ready & last_byte):
                    m.d.comb += walk.advance.eq(1)
                    m.d.sync += state.eq(State.ASK)
                    with m.If(walk.whole):
                        m.d.sync += count.eq(count - 1)
                        with m.If(count == 1):
                            m.d.sync += state.eq(State.END)
            with m.Case(State.END), m.If(answer.ready):
                m.d.sync += state.eq(State.GATHER)
