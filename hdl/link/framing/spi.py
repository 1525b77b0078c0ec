# SPDX-License-Identifier: BSD-2-Clause
"""The four wires of SPI: bytes in mode 0, at the rate of the master, who is the host."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.protocol.lines import SPI_CLOCKS

from .uart import RECEIVED

IDLE = 0
"""What is sent where there is nothing to send, and what a master sends that only wants to read: an
empty frame, which receivers pass over."""

BITS = 8

BYTE_CLOCKS = BITS * SPI_CLOCKS
"""Clocks from one byte to the next, at least. The Receiver needs fewer."""


class SpiSlave(Block):
    """A slave in mode 0 (SCK rests low, both sides sample at its rising edge), highest bit first.

    The wires are sampled by the clock of the design, as those of a UART are, so SCK has at least
    `lines.SPI_CLOCKS` clocks a bit, and stays at each level for more than one clock.

        clock  _/~\\_/~\\_/~\\_/~\\_/~\\_/~\\_
        sck    __/~~~~~~~\\_______/~~~~~     as fast as it may be
        miso   -----------X---------------   2 to 3 clocks behind the edge that has sampled

    That is why MISO changes behind the rising edge and does not wait for the falling one, by which
    it would come too late: it is there a clock before the next rising edge at the latest, less what
    the pins take, and stays for 2 clocks behind one.

    Ports
    -----
    sck, mosi : of the master, who need not be synchronous.
    select : high while this slave is chosen, from `SPI_CLOCKS` clocks before the first rising edge
        on; low for as many between two choices.
    miso : to the master, from a register; what it is while `select` is low is nobody's business.
    received : stream of `RECEIVED`; `ready` is not looked at, for a master cannot be told to wait.
        Bits of a byte that a low `select` cuts off are dropped.
    sent : stream of bytes. A byte that is cut off is sent once more. Where none is there at the
        beginning of a byte, that byte is `IDLE`.

    A choice that has begun before the end of a reset is not looked at, for it may be in the midst
    of a byte.

    A byte comes 3 clocks at most after the rising edge of its last bit; one to be sent is taken
    then, for the byte that begins. Throughput: a byte every 8 bits, both ways.
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
        # Chosen, until it has been seen that it is not.
        m.submodules.select = FFSynchronizer(self.select, select, init=1)
        whole, before = Signal(), Signal()
        m.d.sync += [before.eq(sck), whole.eq(whole | ~select)]
        chosen, rises = whole & select, sck & ~before

        place = Signal(range(BITS))  # of the bit, counted from the highest
        taken = self.received.payload.data
        going, under_way = Signal(BITS), Signal()  # `under_way`: it was taken from the stream
        last = place == BITS - 1
        loads, following = Signal(), Signal(BITS)
        m.d.comb += [
            loads.eq(Mux(chosen, rises & last, ~under_way)),
            self.sent.ready.eq(loads),
            following.eq(Mux(self.sent.valid, self.sent.payload, IDLE)),
        ]
        m.d.sync += self.received.valid.eq(0)
        with m.If(~chosen):
            m.d.sync += [place.eq(0), self.miso.eq(going[-1])]
        with m.Elif(rises):
            m.d.sync += [
                place.eq(place + 1),
                taken.eq(Cat(mosi, taken)),
                self.received.valid.eq(last),
                self.miso.eq(going[::-1].bit_select(place + 1, 1)),
            ]
        with m.If(loads):
            m.d.sync += [
                going.eq(following),
                under_way.eq(self.sent.valid),
                self.miso.eq(following[-1]),
            ]
