# SPDX-License-Identifier: BSD-2-Clause
"""The SPI slave: bytes in mode 0, at the rate of the host, which is the master."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.protocol.lines import SPI_CLOCKS

from .uart import RECEIVED

IDLE = 0
"""The byte that either side sends if it has no data: an empty frame, which receivers ignore."""

BITS = 8

BYTE_CLOCKS = BITS * SPI_CLOCKS
"""Minimum interval between two bytes in clock cycles. The Receiver needs fewer."""


class SpiSlave(Block):
    """An SPI slave in mode 0 (SCK idles low, both sides sample at its rising edge), MSB first.

    The clock of the design samples the wires. SCK must therefore take at least `lines.SPI_CLOCKS`
    clock cycles per bit, and must hold each level for more than one clock cycle.

        clock  _/~\\_/~\\_/~\\_/~\\_/~\\_/~\\_
        sck    __/~~~~~~~\\_______/~~~~~     as fast as it may be
        miso   -----------X---------------   2 to 3 clocks behind the edge that has sampled

    MISO changes after the rising edge, because a change after the falling edge would be too late.
    It is valid one clock cycle before the next rising edge, minus the delay of the pins, and until
    2 clock cycles after this edge.

    Ports
    -----
    sck, mosi : from the master, asynchronous.
    select : high while the slave is selected; rises at least `SPI_CLOCKS` clock cycles before the
        first rising edge of SCK, and is low for at least as long between two selections.
    miso : to the master, registered; undefined while `select` is low.
    received : stream of `RECEIVED`; `ready` is ignored, because SPI has no back-pressure. The bits
        of a byte that is aborted by a low `select` are dropped.
    sent : stream of bytes. An aborted byte is sent again. If `sent` is not valid at the start of a
        byte, the slave sends `IDLE`.

    The slave ignores a selection that starts before the end of a reset, because the master may be
    within a byte.

    Latency: `received` is valid at most 3 cycles after the rising edge of the last bit; at this
    time the slave also accepts the byte to send next. Throughput: one byte per 8 bits of SCK, in
    both directions.
    """

    def __init__(self) -> None:
        super().__init__(
            sck=In(1),
            mosi=In(1),
            select=In(1),
            miso=Out(1),
            received=Out(stream.Signature(RECEIVED)),
            sent=In(stream.Signature(8)),
        )

    def build(self, m: Module) -> None:
        sck, mosi, select = Signal(), Signal(), Signal(init=1)
        m.submodules.sck = FFSynchronizer(self.sck, sck)
        m.submodules.mosi = FFSynchronizer(self.mosi, mosi)
        # After a reset, `select` counts as high until a low level has been sampled.
        m.submodules.select = FFSynchronizer(self.select, select, init=1)
        synchronised, was_high = Signal(), Signal()
        m.d.sync += [was_high.eq(sck), synchronised.eq(synchronised | ~select)]
        selected, rises = synchronised & select, sck & ~was_high

        bit_index = Signal(range(BITS))  # the highest first
        received = self.received.payload.data
        sent_byte, sending = Signal(BITS), Signal()  # `sending`: the byte is not IDLE
        last = bit_index == BITS - 1
        loads, following = Signal(), Signal(BITS)
        m.d.comb += [
            loads.eq(Mux(selected, rises & last, ~sending)),
            self.sent.ready.eq(loads),
            following.eq(Mux(self.sent.valid, self.sent.payload, IDLE)),
        ]
        m.d.sync += self.received.valid.eq(0)
        with m.If(~selected):
            m.d.sync += [bit_index.eq(0), self.miso.eq(sent_byte[-1])]
        with m.Elif(rises):
            m.d.sync += [
                bit_index.eq(bit_index + 1),
                received.eq(Cat(mosi, received)),
                self.received.valid.eq(last),
                self.miso.eq(sent_byte[::-1].bit_select(bit_index + 1, 1)),
            ]
        with m.If(loads):
            m.d.sync += [
                sent_byte.eq(following),
                sending.eq(self.sent.valid),
                self.miso.eq(following[-1]),
            ]
