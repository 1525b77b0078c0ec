# SPDX-License-Identifier: BSD-2-Clause
"""The fault stretcher, which extends faults, so that an intermittent fault is reported once."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block


class FaultStretcher(Block):
    """Report a fault from its start until it has been absent for `cycles` clock cycles.

    A different fault is ignored meanwhile. It is reported afterwards if it is still present.

    Parameters: `faults`, the number of faults, which are numbered from 1; `cycles`, the hold time,
    which becomes the next larger power of two.

    Latency: 1 cycle.
    """

    def __init__(self, faults: int, cycles: int) -> None:
        self._bits = cycles.bit_length()
        #: `now` is the number of the present fault, 0 for none; `held` is the reported fault.
        super().__init__(now=In(range(faults + 1)), held=Out(range(faults + 1)))

    def build(self, m: Module) -> None:
        left = Signal(self._bits)
        with m.If((self.now != 0) & ((self.held == 0) | (self.now == self.held))):
            m.d.sync += [self.held.eq(self.now), left.eq(~0)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += self.held.eq(0)
