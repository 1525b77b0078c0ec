# SPDX-License-Identifier: BSD-2-Clause
"""A number told by flashes of one light, and the class told by a light of three colours."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

from .board import pin_out
from .board import waiting as waits

ICE40_PERIOD = 1 << 23
"""Cycles per flash on an iCE40, 3.2 flashes per second at 27 MHz.

A timer that begins with a power of two begins with ones alone. Then its flip-flops are alike, and
its carry chain stays whole; with other periods it is cut into pieces, and misses 27 MHz.
"""


class Flasher(Block):
    """Counts a number out, waits, and begins anew.

    Parameters: `width` of the number in bits, `period` of a flash in cycles. After three periods of
    darkness it begins anew.
    """

    def __init__(self, width: int, period: int):
        self._half = max(period // 2, 1)
        super().__init__(
            #: What to tell; a change takes effect when the last number has been told.
            number=In(width),
            #: High for half a period for each of `number`.
            flash=Out(1),
            #: Likewise, once, if it is 0.
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
    """Tell the class by one light of three colours, each a pin.

    `flash` is on as many times as the class says, and `zero` once for class 0. `waiting` is on
    before the first decision, or while weights are missing. `period` of a flash in cycles.
    """
    m.submodules.flasher = flasher = Flasher(len(serial_core.shown), period)
    pin_out(m, "waiting", waiting, waits(serial_core))
    pin_out(m, "flash", flash, serial_core.shown_valid & flasher.flash)
    pin_out(m, "flash_zero", zero, serial_core.shown_valid & flasher.zero)
    m.d.comb += flasher.number.eq(serial_core.shown)
