# SPDX-License-Identifier: BSD-2-Clause
"""The WordPacker, which packs the bytes of an image to words, for several rows per cycle."""

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.memories import Memory


class WordPacker(Block):
    """Collect the bytes of an image, then send its words, one per cycle.

    If the words were sent at one byte per cycle, the core would stall, and its cycle count would
    include the delay of the link.

    Parameters: `width`, bits of a word, a multiple of 8; `count`, bytes of an image. The first byte
    is the lowest of the first word; bytes of the last word beyond the last byte are undefined.
    Raises ValueError for parameters out of range.

    Latency: 1 cycle from the last byte to the first word; throughput: one byte or one word per
    cycle, one image at a time. `i` stalls until all words of the image have left.
    """

    def __init__(self, width: int, count: int) -> None:
        if width < 8 or width % 8 or count < 1:
            raise ValueError(
                f"words of a multiple of 8 bits are made of at least 1 byte, not of {width} and "
                f"{count}."
            )
        self._width, self._count = width, count
        super().__init__(i=In(stream.Signature(8)), o=Out(stream.Signature(width)))

    @staticmethod
    def memories(width: int, count: int) -> tuple[Memory]:
        """Return the memory for the words of an image."""
        return (Memory("", width, -(-count * 8 // width), asynchronous_read=True),)

    def build(self, m: Module) -> None:
        lanes = self._width // 8
        (listed,) = self.memories(self._width, self._count)
        words = listed.depth
        m.submodules.memory = words_memory = listed.create()
        write, read = words_memory.write_port(granularity=8), words_memory.read_port(domain="comb")
        lane, left = Signal(range(lanes)), Signal(range(self._count), init=self._count - 1)
        full = Signal()
        m.d.comb += [
            self.i.ready.eq(~full),
            write.en.eq((self.i.valid & ~full) << lane),
            write.data.eq(self.i.payload.replicate(lanes)),
            self.o.valid.eq(full),
            self.o.payload.eq(read.data),
        ]
        with m.If(self.i.valid & ~full):
            m.d.sync += [lane.eq(lane + 1), left.eq(left - 1)]
            with m.If(lane == lanes - 1):
                m.d.sync += [lane.eq(0), write.addr.eq(write.addr + 1)]
            with m.If(left == 0):
                m.d.sync += [
                    full.eq(1),
                    lane.eq(0),
                    write.addr.eq(0),
                    left.eq(Const(self._count - 1, left.shape())),
                ]
        with m.If(full & self.o.ready):
            m.d.sync += read.addr.eq(read.addr + 1)
            with m.If(read.addr == words - 1):
                m.d.sync += [read.addr.eq(0), full.eq(0)]
