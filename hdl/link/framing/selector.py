# SPDX-License-Identifier: BSD-2-Clause
"""The selector: of a bitmap of all pixels it keeps those that are connected."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

SELECT_CYCLES = 10
"""Clocks a byte takes: to ask for the mask, to get it, and a pixel a clock."""

FILL_CYCLES = 9
"""Clocks that the last byte may take besides, until zeros have filled the byte that has begun."""


class Selector(Block):
    """Takes a bitmap byte by byte, bit by bit, and packs the connected pixels into bytes anew.

    Takes SELECT_CYCLES a byte, the last one up to FILL_CYCLES more; a byte is put up to 2 clocks
    later, what the last one gives within its own.
    """

    def __init__(self) -> None:
        super().__init__(
            #: A byte of the bitmap, steady from `start` on while `busy`.
            pixels=In(8),
            #: Which of the pixels are connected, from the second cycle of `busy` on.
            mask=In(8),
            #: In the cycle before it is to be worked on, while not busy.
            start=In(1),
            #: Steady while busy: it is the last one, after which the byte that has begun is filled
            #: up with zeros.
            last=In(1),
            #: Forget what is left of a bitmap without its last byte.
            clear=In(1),
            busy=Out(1),
            put=Out(stream.Signature(8, always_ready=True)),
        )

    def build(self, m: Module) -> None:
        index = Signal(3)  # of the pixel
        waited = Signal()  # the mask is here, straight from a memory
        running = Signal()
        filling = Signal()
        packed, count = Signal(8), Signal(3)  # so many bits, in the highest places
        pixel, connected, kept = Signal(), Signal(), Signal()
        masked = self.mask.bit_select(index, 1) & running
        m.d.sync += [
            pixel.eq(self.pixels.bit_select(index, 1) & masked),
            connected.eq(masked),
            self.put.valid.eq(kept & (count == 7)),
        ]
        m.d.comb += [kept.eq(connected | (filling & (count != 0))), self.put.payload.eq(packed)]
        with m.If(kept):
            m.d.sync += [packed.eq(Cat(packed[1:], pixel)), count.eq(count + 1)]
        with m.If(self.start):
            m.d.sync += self.busy.eq(1)
        with m.If(waited):
            m.d.sync += [waited.eq(0), running.eq(1)]
        with m.Elif(self.busy & ~running & ~filling):
            m.d.sync += waited.eq(1)
        with m.If(running):
            m.d.sync += index.eq(index + 1)
            with m.If(index == 7):
                m.d.sync += [running.eq(0), filling.eq(self.last), self.busy.eq(self.last)]
        with m.If(filling & (count == 0) & ~connected):
            m.d.sync += [filling.eq(0), self.busy.eq(0)]
        with m.If(self.clear):
            m.d.sync += count.eq(0)
