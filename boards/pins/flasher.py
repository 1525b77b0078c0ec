# SPDX-License-Identifier: BSD-2-Clause
"""Shows a number by flashes of one light, and the class by a light of three colours."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

from .board import pin_out
from .board import waiting as waits

ICE40_PERIOD = 1 << 23
"""Cycles per flash on an iCE40, 3.2 flashes per second at 27 MHz.

A timer whose period is a power of two starts with only ones. Then its flip-flops are alike, and its
carry chain is not split; other periods split the chain, and the timer misses 27 MHz.
"""


class Flasher(Block):
    """Flashes as many times as a number, pauses, and repeats.

    Parameters: `width` of the number in bits, `period` of a flash in cycles. The pause is three
    dark periods.
    """

    def __init__(self, width: int, period: int):
        self._half = max(period // 2, 1)
        super().__init__(
            #: Number to show; a change takes effect after the current number.
            number=In(width),
            #: High for half a period for each unit of `number`.
            flash=Out(1),
            #: High for half a period if `number` is 0.
            zero=Out(1),
        )

    def build(self, m):
        timer = Signal(range(self._half))
        half = Signal()  # the second, dark half of a period
        left = Signal.like(self.number)  # flashes
        none = Signal()
        dark = Signal(range(4))  # periods
        m.d.comb += [self.flash.eq(~half & (left != 0)), self.zero.eq(~half & none)]
        m.d.sync += timer.eq(timer - 1)
        with m.If(timer == 0):
            m.d.sync += [timer.eq(self._half - 1), half.eq(~half)]
            with m.If(half):
                m.d.sync += none.eq(0)
                with m.If(left != 0):
                    m.d.sync += left.eq(left - 1)
                with m.Elif(dark != 2):
                    m.d.sync += dark.eq(dark + 1)
                with m.Else():
                    m.d.sync += [dark.eq(0), left.eq(self.number), none.eq(self.number == 0)]


def light_by_flashes(m: Module, serial_core, period: int, *, waiting, flash, zero) -> None:
    """Show the class by one light of three colours, each a pin.

    `flash` turns on as many times as the number of the class, and `zero` once for class 0.
    `waiting` is on before the first decision, or while weights are missing. `period` is that of a
    flash in cycles.
    """
    m.submodules.flasher = flasher = Flasher(len(serial_core.shown), period)
    pin_out(m, "waiting", waiting, waits(serial_core))
    pin_out(m, "flash", flash, serial_core.shown_valid & flasher.flash)
    pin_out(m, "flash_zero", zero, serial_core.shown_valid & flasher.zero)
    m.d.comb += flasher.number.eq(serial_core.shown)
