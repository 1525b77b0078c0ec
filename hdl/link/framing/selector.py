# SPDX-License-Identifier: BSD-2-Clause
"""The Selector, a bit compactor: it reduces a bitmap of all pixels to the connected ones."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

SELECT_CYCLES = 16
"""Cycles per byte: 8 for its checksum, and 8 for its pixels."""

FILL_CYCLES = 9
"""Maximum number of additional cycles after the last byte, to pad the output byte with zeros."""


class Selector(Block):
    """Process a bitmap bit by bit, and pack the connected pixels into new bytes.

    The checksum processes each byte first. The Selector shares its bit counter and multiplexer.

    Throughput: one byte per SELECT_CYCLES cycles; the last byte takes up to FILL_CYCLES more.
    Latency: `put` is valid up to 2 cycles after these cycles, for the last byte within them.
    """

    def __init__(self) -> None:
        super().__init__(
            #: Start with a byte of the bitmap; only while `busy` is low.
            start=In(1),
            #: Stall, because the checksum still uses the byte.
            waits=In(1),
            #: The Selector consumes a pixel, and `index` must advance.
            takes=Out(1),
            #: With `takes`: the index of the pixel in its byte, and the pixel.
            index=In(3),
            pixel=In(1),
            #: With `takes`: the connected pixels of the byte.
            mask=In(8),
            #: The byte is the last one, and an incomplete output byte is padded with zeros. Stable
            #: while `busy`.
            last=In(1),
            #: Discard the incomplete output byte of an aborted bitmap.
            clear=In(1),
            #: A byte is being processed.
            busy=Out(1),
            #: Bytes of connected pixels.
            put=Out(stream.Signature(8, always_ready=True)),
        )

    def build(self, m: Module) -> None:
        filling = Signal()
        packed, count = Signal(8), Signal(3)  # `count` bits, at the upper end of `packed`
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
