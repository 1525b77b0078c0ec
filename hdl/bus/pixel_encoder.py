# SPDX-License-Identifier: BSD-2-Clause
"""The PixelEncoder, which converts words of pixels to the events of a core."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.core.levels_encoder import PIXEL_BITS, LevelsEncoder
from firstspike.hdl.layer.events import Kind
from firstspike.hdl.lib.block import Block

from .register import WORD_BITS

WORD_PIXELS = WORD_BITS // PIXEL_BITS


class PixelEncoder(Block):
    """Serialise the pixels of each word, the lowest byte first, for a LevelsEncoder.

        words -> pixels -> LevelsEncoder -> events

    Bytes of a word after the last pixel of an image are ignored.

    After `cut` the pixels of an incomplete image are discarded. The core has not received any event
    of this image, so the PixelEncoder sends an event without a spike, which starts the image, and
    then sets `abort_image`.

    Parameters: `network` and `rows` as for the LevelsEncoder.

    Latency: that of the LevelsEncoder from the last pixel to END. Throughput: one pixel per cycle;
    `words` stalls while the LevelsEncoder sends events.
    """

    def __init__(self, network: Network, rows: int = 1) -> None:
        self._count = network.n_features
        self._encoder = LevelsEncoder(network, rows)
        super().__init__(
            words=In(stream.Signature(WORD_BITS)),
            #: High for a cycle: the current image is aborted, and its last words are missing.
            cut=In(1),
            events=self._encoder.signature.members["events"],
            #: To the core; high for a cycle.
            abort_image=Out(1),
            #: A pixel of an image has been accepted, and its END has not been sent.
            busy=Out(1),
        )

    def build(self, m: Module) -> None:
        m.submodules.encoder = encoder = self._encoder
        pixel = Signal(range(max(self._count, WORD_PIXELS)))  # index of the next pixel
        byte_index = pixel[: (WORD_PIXELS - 1).bit_length()]
        last = pixel == self._count - 1
        waits = Signal()  # an image is to be aborted, and the core has no event of it
        accepted = encoder.pixels.valid & encoder.pixels.ready
        m.d.comb += [
            encoder.pixels.payload.eq(self.words.payload.word_select(byte_index, PIXEL_BITS)),
            encoder.pixels.valid.eq(self.words.valid & ~waits),
            encoder.clear.eq(waits),
            self.words.ready.eq(encoder.pixels.ready & ~waits & (last | byte_index.all())),
        ]
        with m.If(accepted):
            m.d.sync += pixel.eq(Mux(last, 0, pixel + 1))

        # Events that the encoder still sends belong to the previous image.
        sent, events = encoder.events, self.events
        begins = waits & ~sent.valid
        m.d.comb += [
            events.valid.eq(sent.valid | waits),
            events.payload.eq(sent.payload),
            sent.ready.eq(events.ready),
        ]
        with m.If(begins):
            m.d.comb += [events.payload.kind.eq(Kind.ADVANCE), events.payload.tick.eq(1)]
        is_started = begins & events.ready
        m.d.sync += self.abort_image.eq(is_started)
        with m.If(is_started):
            m.d.sync += waits.eq(0)
        with m.If(self.cut):
            m.d.sync += [waits.eq(1), pixel.eq(0)]

        is_scanning = ~encoder.pixels.ready
        m.d.comb += self.busy.eq((pixel != 0) | is_scanning | events.valid | self.abort_image)
