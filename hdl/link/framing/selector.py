# SPDX-License-Identifier: BSD-2-Clause
"""The selector: of a bitmap of all pixels it keeps those that are connected."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

SELECT_CYCLES = 16
"""Clocks a byte takes: first its checksum, a bit per clock, and then a pixel per clock."""

FILL_CYCLES = 9
"""Clocks that the last byte may take besides, until zeros have filled the byte that has begun."""


class Selector(Block):
    """Takes a bitmap byte by byte, bit by bit, and packs the connected pixels into bytes anew.

    The checksum looks at each byte first. It lends its counter, and its choice of a bit.

    Takes SELECT_CYCLES a byte, the last one up to FILL_CYCLES more; a byte is put up to 2 clocks
    later, what the last one gives within its own.
    """

    def __init__(self) -> None:
        super().__init__(
            #: A byte of the bitmap is here, and busy is low.
            start=In(1),
            #: The checksum still looks at the byte.
            waits=In(1),
            #: A pixel is taken: the next one is to come.
            takes=Out(1),
            #: Number of the pixel in its byte, and the pixel, with `takes`.
            index=In(3),
            pixel=In(1),
            #: Which of the byte's pixels are connected, with `takes`.
            mask=In(8),
            #: Steady while busy: it is the last one, after which the byte that has begun is filled
            #: up with zeros.
            last=In(1),
            #: Forget what is left of a bitmap without its last byte.
            clear=In(1),
            busy=Out(1),
            put=Out(stream.Signature(8, always_ready=True)),
        )

    def build(self, m: Module) -> None:
        filling = Signal()
        packed, count = Signal(8), Signal(3)  # so many bits, in the highest places
        pixel, connected, kept = Signal(), Signal(), Signal()
        masked = self.mask.bit_select(self.index, 1) & self.takes
        m.d.sync += [
            pixel.eq(self.pixel & masked),
            connected.eq(masked),
            self.put.valid.eq(kept & (count == 7)),
        ]
        m.d.comb += [
            self.takes.eq(self.busy & ~self.waits & ~filling),
            kept.eq(connected | (filling & (count != 0))),
            self.put.payload.eq(packed),
        ]
        with m.If(kept):
            m.d.sync += [packed.eq(Cat(packed[1:], pixel)), count.eq(count + 1)]
        with m.If(self.start):
            m.d.sync += self.busy.eq(1)
        with m.If(self.takes & (self.index == 7)):
            m.d.sync += [filling.eq(self.last), self.busy.eq(self.last)]
        with m.If(filling & (count == 0) & ~connected):
            m.d.sync += [filling.eq(0), self.busy.eq(0)]
        with m.If(self.clear):
            m.d.sync += count.eq(0)
