# SPDX-License-Identifier: BSD-2-Clause
"""The length check for images of a fixed number of beats: bitmaps or pixels."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

from .image_input import entry_layout
from .images import Images


class BitmapUnpacker(Block):
    """Forward each beat as a word, and check the number of beats of an image.

    An image that ends too early is aborted. The surplus beats of an image that is too long are
    dropped, up to the beat with `last`.

    Latency: 0 cycles; throughput: one beat per cycle, and one more cycle for an abort.
    """

    def __init__(self, images: Images) -> None:
        self._count, self._last_bytes = images.beats, images.last_bytes
        super().__init__(
            entries=In(stream.Signature(entry_layout(images.bits, self._last_bytes))),
            words=Out(stream.Signature(images.bits)),
            #: To the receiver of the words: abort the image; high for a cycle.
            abort_image=Out(1),
            #: High for a cycle: the image has too few beats.
            short=Out(1),
            #: High for a cycle: the image has too many beats.
            long=Out(1),
            #: High for a cycle: TKEEP of a beat omits bytes with pixels.
            keep=Out(1),
        )

    def build(self, m: Module) -> None:
        entry = self.entries.payload
        following = Signal(range(self._count))
        final = following == self._count - 1
        surplus = Signal()  # beats are dropped
        cut = Signal()  # the image was too short, and is to be aborted
        passes = ~entry.abort & ~surplus & ~cut
        accepted = Signal()
        m.d.comb += [
            self.words.valid.eq(self.entries.valid & passes),
            self.words.payload.eq(entry.data),
            self.entries.ready.eq(~cut & (entry.abort | surplus | self.words.ready)),
            accepted.eq(self.words.valid & self.words.ready),
            self.short.eq(accepted & entry.last & ~final),
            self.long.eq(accepted & ~entry.last & final),
            self.abort_image.eq(cut | (self.entries.valid & entry.abort & (following != 0))),
        ]
        if self._last_bytes:
            m.d.comb += self.keep.eq(accepted & ~Mux(final, entry.enough, entry.all_kept))
        m.d.sync += cut.eq(self.short)
        with m.If(accepted):
            m.d.sync += [
                following.eq(Mux(final | entry.last, 0, following + 1)),
                surplus.eq(self.long),
            ]
        with m.Elif(self.entries.valid & self.entries.ready):
            with m.If(entry.abort):
                m.d.sync += [following.eq(0), surplus.eq(0)]
            with m.Elif(entry.last):
                m.d.sync += surplus.eq(0)
