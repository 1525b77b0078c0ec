# SPDX-License-Identifier: BSD-2-Clause
"""Holds a fault for a while, so that one that comes and goes is said once."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block


class Hold(Block):
    """Tells a fault from when it is there until it was not there for a while.

    Another fault waits meanwhile, and is forgotten if it ends before its turn.

    Parameters: `faults`, how many there are, numbered from 1; `cycles` for which one is held, which
    are rounded up to a power of two.

    Latency: 1 cycle.
    """

    def __init__(self, faults: int, cycles: int) -> None:
        self._bits = cycles.bit_length()
        #: Number of the fault that is there now; 0 for none.
        super().__init__(now=In(range(faults + 1)), held=Out(range(faults + 1)))

    def build(self, m: Module) -> None:
        left = Signal(self._bits)
        with m.If((self.now != 0) & ((self.held == 0) | (self.now == self.held))):
            m.d.sync += [self.held.eq(self.now), left.eq(~0)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += self.held.eq(0)
