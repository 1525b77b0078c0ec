# SPDX-License-Identifier: BSD-2-Clause
"""The clock generator of a microphone, and the input register for its data."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.pipeline import delayed

SYNCHRONISED = 2
"""Latency of the synchroniser from the data pin to the bit, in cycles."""


class BitClock(Block):
    """Generate the clock of a microphone, and sample its data pin once per period.

    The data pin is sampled in the last cycle in which the clock is low.

    Parameters: `divider`, clock cycles per period, an even number.

    Latency: `SYNCHRONISED` cycles from the pin to the bit. Throughput: one bit per `divider`
    cycles.
    """

    def __init__(self, divider: int) -> None:
        self._half = divider // 2
        super().__init__(
            #: The microphone's clock, registered; the microphone sends while the clock is low.
            clock=Out(1),
            #: Serial data, asynchronous.
            data=In(1),
            #: High in the last cycle of a period.
            falls=Out(1),
            #: The bit of this period, valid while `takes` is high.
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
