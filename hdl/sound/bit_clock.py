# SPDX-License-Identifier: BSD-2-Clause
"""The clock of a microphone, and the bits that come with it."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.pipeline import delayed

SYNCHRONISED = 2
"""Cycles by which the microphone's bit is late behind its pin."""


class BitClock(Block):
    """Makes the clock of a microphone, and takes a bit in each period.

    A bit is that of the pin in the last cycle in which the clock is low.

    Parameters: `divider`, clock cycles per period, an even number.

    Latency: `SYNCHRONISED` cycles from the pin to the bit. Throughput: a bit per `divider` cycles.
    """

    def __init__(self, divider: int) -> None:
        self._half = divider // 2
        super().__init__(
            #: From a register; the microphone sends while it is low.
            clock=Out(1),
            #: Need not be synchronous.
            data=In(1),
            #: In the last cycle of a period.
            falls=Out(1),
            #: The bit of this period, and the cycle in which it is there.
            bit=Out(1),
            takes=Out(1),
        )

    def build(self, m: Module) -> None:
        m.submodules.synchroniser = FFSynchronizer(self.data, self.bit, stages=SYNCHRONISED)
        phase = Signal(range(self._half))
        ends = phase == self._half - 1
        m.d.sync += phase.eq(Mux(ends, 0, phase + 1))
        with m.If(ends):
            m.d.sync += self.clock.eq(~self.clock)
        m.d.comb += [
            self.falls.eq(ends & self.clock),
            self.takes.eq(delayed(m, ends & ~self.clock, SYNCHRONISED, "low")),
        ]
