# SPDX-License-Identifier: BSD-2-Clause
"""The two wires of the link: bytes as 8N1, at the one rate that host and board agree on."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.hdl.clock import ClockError
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.link.protocol.formats import BAUD

TOLERANCE = 0.01
"""How far, at most, the rate may be off: with the host's own error a bit is still hit."""

MIN_DIVISOR = 4
"""Clocks a bit: fewer would not find its middle."""

BYTE_BITS = 10
"""Start bit, data, stop bit."""

LINE_SPACING = BYTE_BITS * MIN_DIVISOR
"""Clocks from one byte to the next on the fastest line. The Receiver needs fewer."""

RECEIVED = struct(data=8, broken=1)
"""A byte from the line. With `broken` its stop bit was missing: the line has a break, or noise."""


def divisor_of(clock_hz: float, baud: int = BAUD) -> int:
    """Clocks per bit. Raises ClockError for a clock that the rate cannot be made of."""
    divisor, mhz, mbaud = round(clock_hz / baud), clock_hz / 1e6, baud / 1e6
    if mhz < MIN_DIVISOR * mbaud * (1 - TOLERANCE):
        raise ClockError(
            f"{mhz:g} MHz is too slow for the link's {mbaud:g} Mbaud: "
            f"take {MIN_DIVISOR * mbaud:g} MHz."
        )
    if abs(mhz / divisor / mbaud - 1) > TOLERANCE:
        below = mhz // mbaud * mbaud
        raise ClockError(
            f"{mhz:g} MHz is no multiple of the link's {mbaud:g} Mbaud: "
            f"take {below:g} or {below + mbaud:g} MHz."
        )
    return divisor


class UartReceiver(Block):
    """Takes bytes from the line.

    Ports
    -----
    rx : the line, which need not be synchronous; high while it rests.
    received : stream of `RECEIVED`; `ready` is not looked at, for a line cannot wait. A break
        gives one byte, however long it is.

    Parameters: `divisor`, clocks a bit.

    A bit is sampled in its middle, a byte comes 2 clocks after the middle of its stop bit, and the
    next one's start may follow from there on. Throughput: a byte every 10 * divisor clocks.
    """

    def __init__(self, divisor: int) -> None:
        self._divisor = divisor
        super().__init__(rx=In(1, init=1), received=Out(stream.Signature(RECEIVED)))

    def build(self, m: Module) -> None:
        rx = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.rx, rx, init=1)
        wait = Signal(range(self._divisor))  # clocks until the next sample
        busy = Signal()
        starts = Signal(init=1)  # the next sample is that of the start bit
        # A one goes through in front of the data: when it drops out, the stop bit is next.
        bits = Signal(9)
        said = self.received.payload
        m.d.comb += said.data.eq(bits[1:])
        m.d.sync += self.received.valid.eq(0)
        with m.If(~busy):
            m.d.sync += [wait.eq(self._divisor // 2 - 1), starts.eq(1), busy.eq(~rx & ~said.broken)]
            with m.If(rx):
                m.d.sync += said.broken.eq(0)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Else():
            m.d.sync += [wait.eq(self._divisor - 1), starts.eq(0)]
            with m.If(starts):
                m.d.sync += busy.eq(~rx)
            with m.Elif(bits[0]):
                m.d.sync += [busy.eq(0), self.received.valid.eq(1), said.broken.eq(~rx)]
            with m.Else():
                m.d.sync += bits.eq(Cat(bits[1:], rx))
        with m.If(~busy):
            m.d.sync += bits.eq(1 << 8)


class UartTransmitter(Block):
    """Puts bytes on the line.

    Ports
    -----
    sent : stream of bytes.
    tx : the line, from a register; high while it rests.

    Parameters: `divisor`, clocks a bit.

    Latency 1 clock, throughput a byte every 10 * divisor clocks.
    """

    def __init__(self, divisor: int) -> None:
        self._divisor = divisor
        super().__init__(sent=In(stream.Signature(8)), tx=Out(1, init=1))

    def build(self, m: Module) -> None:
        wait = Signal(range(self._divisor))
        # What is still to come, with a one on top that has become the stop bit when it is alone.
        bits = Signal(9)
        m.d.comb += self.sent.ready.eq((bits == 0) & (wait == 0))
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(bits != 0):
            m.d.sync += [wait.eq(self._divisor - 1), self.tx.eq(bits[0]), bits.eq(bits >> 1)]
        with m.Elif(self.sent.valid):
            m.d.sync += [
                wait.eq(self._divisor - 1),
                self.tx.eq(0),
                bits.eq(Cat(self.sent.payload, 1)),
            ]
