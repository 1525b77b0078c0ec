# SPDX-License-Identifier: BSD-2-Clause
"""The handler of the weights: WRITE, READ and CHECKSUM."""

from amaranth.hdl import Array, Cat, Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import enum
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.weight_address import WeightAddressCounter
from firstspike.hdl.lib.block import assign_members
from firstspike.hdl.lib.checksum import Checksum
from firstspike.hdl.lib.counting import previous_or
from firstspike.hdl.link.protocol.formats import WEIGHTS_FORMAT, Request
from firstspike.hdl.link.protocol.messages import WORD_BYTES

from .handler import Handler, bytes_of, core_ports


class State(enum.Enum):
    """States of the WeightHandler."""

    HEADER = 0  # read layer, address and number of chunks
    LOAD = 1  # load the address and the number of chunks
    CHECK = 2  # step over the chunks, to check that they are whole words of the layer
    GATHER = 3  # collect the four bytes of a chunk to write, or wait for the end of the request
    REQUEST = 4  # send a read or write request for a chunk to the core
    READ = 5  # send the chunk as the response
    SUM = 6  # add the bits of the chunk to the checksum
    SEND = 7  # send a byte of the checksum
    SHIFT = 8  # shift to the next byte of the checksum


class WeightHandler(Handler):
    """Execute WRITE, READ and CHECKSUM.

    WRITE and READ first step over the chunks of the request. If these are not whole words of one
    layer, the handler refuses the request, and writes nothing.

    Latency and throughput: WRITE takes 8 cycles to read a chunk, 1 to check it, and those of the
    core's weight port, which is faster than the line; READ is as fast as the response is sent;
    CHECKSUM takes 32 cycles per chunk, plus the read by the core.
    """

    requests = (Request.WRITE, Request.READ, Request.CHECKSUM)

    def __init__(self, index: ShapeLike, config: CoreConfig) -> None:
        self._config = config
        super().__init__(index, **core_ports(config, "weights", "weights_read"))

    def build(self, m: Module) -> None:
        request, port = self.request, self.weights
        state, checked, wrong = Signal(State), Signal(), Signal()
        writes = request.kind == Request.WRITE
        sums = request.kind == Request.CHECKSUM
        m.submodules.counter = counter = WeightAddressCounter(self._config)
        chunks_left = Signal(8)
        m.d.comb += [
            counter.new_layer.eq(request.payload.payload),
            counter.new_address.eq(request.word),
            # `index` wraps in a long WRITE.
            counter.load_layer.eq(
                (state == State.HEADER) & request.payload.valid & (request.index == 0)
            ),
            counter.load_address.eq(state == State.LOAD),
            port.payload.write.eq(writes),
            assign_members(port.payload, counter, "layer", "address"),
            port.payload.data.eq(request.word),
            port.valid.eq((state == State.REQUEST) & (sums | (chunks_left != 0))),
        ]
        loads = state == State.LOAD
        with m.If(loads | counter.advance):
            # The latest byte of the payload is the number of chunks.
            m.d.sync += chunks_left.eq(previous_or(loads, request.word[-8:], chunks_left))
        with m.If(request.payload.valid & (state == State.HEADER)):
            m.d.sync += [checked.eq(0), wrong.eq(0)]

        with m.Switch(state):
            with m.Case(State.HEADER):
                m.d.comb += request.payload.ready.eq(1)
                with m.If(request.payload.valid & (request.index[:3] == WEIGHTS_FORMAT.size - 1)):
                    m.d.sync += state.eq(State.LOAD)
                with m.If(request.execute):  # of CHECKSUM, which has no payload
                    m.d.comb += counter.restart.eq(1)
                    m.d.sync += state.eq(State.REQUEST)
            with m.Case(State.LOAD):
                m.d.sync += state.eq(Mux(checked, State.GATHER, State.CHECK))
            with m.Case(State.CHECK):
                self._check(m, counter, chunks_left, state, checked, wrong)
            with m.Case(State.GATHER):
                m.d.comb += [
                    request.payload.ready.eq(1),
                    request.done.eq(1),
                    request.refused.eq(wrong),
                ]
                chunk_ends = request.index[:2] == (WEIGHTS_FORMAT.size - 1) % WORD_BYTES
                with m.If(request.payload.valid & chunk_ends & writes & ~wrong):
                    m.d.sync += state.eq(State.REQUEST)
                with m.If(request.execute):
                    m.d.sync += state.eq(Mux(writes | wrong, State.HEADER, State.REQUEST))
            with m.Case(State.REQUEST), m.If(port.valid & port.ready):
                m.d.comb += counter.advance.eq(writes)
                m.d.sync += state.eq(Mux(writes, State.GATHER, Mux(sums, State.SUM, State.READ)))
        self._respond(m, counter, chunks_left, state, sums, writes)

    def _check(
        self,
        m: Module,
        counter: WeightAddressCounter,
        chunks_left: Signal,
        state: Signal,
        checked: Signal,
        wrong: Signal,
    ) -> None:
        """Step over the chunks of the request, and return to its first one.

        The counter stays at the last chunk, so that it does not leave the layer.
        """
        is_last = chunks_left == 1
        fails = (
            ~counter.exists
            | (chunks_left == 0)
            | Mux(is_last, ~counter.ends_word, counter.ends_layer)
        )
        m.d.comb += counter.advance.eq(~is_last & ~fails)
        with m.If(fails):
            m.d.sync += [wrong.eq(1), state.eq(State.GATHER)]
        with m.Elif(is_last):
            m.d.sync += [checked.eq(1), state.eq(State.LOAD)]

    def _respond(
        self,
        m: Module,
        counter: WeightAddressCounter,
        chunks_left: Signal,
        state: Signal,
        sums: Value,
        writes: Value,
    ) -> None:
        """Send the chunks that the core reads (READ), or the checksum of all chunks (CHECKSUM)."""
        request, response, read = self.request, self.request.response, self.weights_read
        bit = Signal(range(8 * WORD_BYTES))  # the next bit of the chunk
        byte = Array(bytes_of(read.payload.data, WORD_BYTES))[bit[3:]]
        # The result of the checksum is shifted out by feeding back its own bit, so that the other
        # bits do not change.
        m.submodules.sum = crc = Checksum(CRC32_ISO_HDLC)
        checksum = Cat(reversed(crc.complement))  # reflected, and all its bits inverted
        shifts = state == State.SHIFT
        ends = ~sums & (writes | (state != State.READ))
        m.d.comb += [
            crc.start.eq(counter.restart),
            crc.add.eq(((state == State.SUM) & read.valid) | shifts),
            crc.bit.eq(Mux(shifts, ~checksum[0], byte.bit_select(bit[:3], 1))),
            response.valid.eq(
                (ends & (state != State.REQUEST))
                | ((state == State.REQUEST) & ~sums & (chunks_left == 0))
                | ((state == State.READ) & read.valid)
                | (state == State.SEND)
            ),
            response.payload.data.eq(Mux(sums, checksum[:8], byte)),
            response.payload.end.eq(ends | ((state == State.SEND) & request.index[2])),
        ]
        with m.If(crc.add):
            m.d.sync += bit.eq(bit + 1)
        with m.Switch(state):
            with m.Case(State.REQUEST), m.If(~sums & (chunks_left == 0) & response.ready):
                m.d.sync += state.eq(State.HEADER)
            with m.Case(State.READ), m.If(read.valid & response.ready):
                m.d.sync += bit[3:].eq(bit[3:] + 1)
                with m.If(bit[3:] == WORD_BYTES - 1):
                    m.d.comb += [read.ready.eq(1), counter.advance.eq(1)]
                    m.d.sync += state.eq(State.REQUEST)
            with m.Case(State.SUM), m.If(read.valid & bit.all()):
                m.d.comb += [
                    read.ready.eq(1),
                    counter.advance.eq(1),
                    request.done.eq(counter.ends_all),
                ]
                m.d.sync += state.eq(Mux(counter.ends_all, State.SEND, State.REQUEST))
            with m.Case(State.SEND), m.If(response.ready):
                m.d.sync += state.eq(Mux(request.index[2], State.HEADER, State.SHIFT))
            with m.Case(State.SHIFT), m.If(bit[:3] == 7):
                m.d.sync += state.eq(State.SEND)
