# SPDX-License-Identifier: BSD-2-Clause
"""UART receiver and transmitter for bytes with 8 data bits, no parity and one stop bit."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.hdl.clock import ClockError
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.link.protocol.formats import BAUD

TOLERANCE = 0.0125
"""Maximum relative error of the bit rate, half of the error at which the receiver still works with
`MIN_DIVISOR` cycles per bit. The other half is for the host."""

MIN_DIVISOR = 4
"""Minimum number of clock cycles per bit, so that the receiver samples the middle of a bit."""

BYTE_BITS = 10
"""Bits per byte: start bit, data, stop bit."""

LINE_SPACING = BYTE_BITS * MIN_DIVISOR
"""Interval between two bytes in clock cycles on the fastest line. The Receiver needs fewer."""

RECEIVED = struct(data=8, broken=1)
"""A byte from the line. With `broken` its stop bit was missing because of a break or noise."""


def divisor_of(clock_hz: float, baud: int = BAUD) -> int:
    """Return the clock cycles per bit. Raises ClockError if the clock does not permit the rate."""
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
    """Receive bytes from a UART line.

    Ports
    -----
    rx : the line, asynchronous; high while idle.
    received : stream of `RECEIVED`; `ready` is ignored, because a UART has no back-pressure. A
        break of any length produces one byte.

    Parameters: `divisor`, clock cycles per bit.

    Latency: each bit is sampled in its middle, and `received` is valid 2 cycles after the middle of
    the stop bit; the next start bit may follow at once. Throughput: one byte every 10 * divisor
    cycles.
    """

    def __init__(self, divisor: int) -> None:
        self._divisor = divisor
        super().__init__(rx=In(1, init=1), received=Out(stream.Signature(RECEIVED)))

    def build(self, m: Module) -> None:
        rx = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.rx, rx, init=1)
        wait = Signal(range(self._divisor))  # clocks until the next sample
        busy = Signal()
        starts = Signal(init=1)  # the next sample is the start bit
        # A marker bit of 1 precedes the data: when it reaches bit 0, the stop bit is next.
        bits = Signal(9)
        received = self.received.payload
        m.d.comb += received.data.eq(bits[1:])
        m.d.sync += self.received.valid.eq(0)
        with m.If(~busy):
            m.d.sync += [
                wait.eq(self._divisor // 2 - 1),
                starts.eq(1),
                busy.eq(~rx & ~received.broken),
            ]
            with m.If(rx):
                m.d.sync += received.broken.eq(0)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Else():
            m.d.sync += [wait.eq(self._divisor - 1), starts.eq(0)]
            with m.If(starts):
                m.d.sync += busy.eq(~rx)
            with m.Elif(bits[0]):
                m.d.sync += [busy.eq(0), self.received.valid.eq(1), received.broken.eq(~rx)]
            with m.Else():
                m.d.sync += bits.eq(Cat(bits[1:], rx))
        with m.If(~busy):
            m.d.sync += bits.eq(1 << 8)


class UartTransmitter(Block):
    """Send bytes on a UART line.

    Ports
    -----
    sent : stream of bytes.
    tx : the line, registered; high while idle.

    Parameters: `divisor`, clock cycles per bit.

    Latency: 1 cycle; throughput: one byte every 10 * divisor cycles.
    """

    def __init__(self, divisor: int) -> None:
        self._divisor = divisor
        super().__init__(sent=In(stream.Signature(8)), tx=Out(1, init=1))

    def build(self, m: Module) -> None:
        wait = Signal(range(self._divisor))
        # The remaining bits, with a 1 on top, which becomes the stop bit.
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
