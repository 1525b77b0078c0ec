# SPDX-License-Identifier: BSD-2-Clause
"""Turns words of pixels into the events of a core."""

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
    """Gives the pixels of each word to a LevelsEncoder, the first one from the lowest byte.

        words -> pixels -> LevelsEncoder -> events

    What a word has behind the last pixel of an image is ignored.

    After `cut` the pixels of an image that is not complete are forgotten. The core has seen none
    of it, so it gets an event without a spike, which begins the image, and then is told to abort.

    Parameters: `network` and `rows` as for the LevelsEncoder.

    Latency: that of the LevelsEncoder from the last pixel to END. Throughput: a pixel per cycle,
    while the LevelsEncoder takes pixels.
    """

    def __init__(self, network: Network, rows: int = 1) -> None:
        self._count = network.n_features
        self._encoder = LevelsEncoder(network, rows)
        super().__init__(
            words=In(stream.Signature(WORD_BITS)),
            #: High for a cycle: a word of an image was taken, and its last one will not come.
            cut=In(1),
            events=self._encoder.signature.members["events"],
            #: To the core: high for a cycle.
            abort_image=Out(1),
            #: A pixel of an image was taken, and its end is not sent.
            busy=Out(1),
        )

    def build(self, m: Module) -> None:
        m.submodules.encoder = encoder = self._encoder
        pixel = Signal(range(max(self._count, WORD_PIXELS)))  # number of the next one
        place = pixel[: (WORD_PIXELS - 1).bit_length()]
        last = pixel == self._count - 1
        waits = Signal()  # an image is to be aborted, and has not begun in the core
        given = encoder.pixels.valid & encoder.pixels.ready
        m.d.comb += [
            encoder.pixels.payload.eq(self.words.payload.word_select(place, PIXEL_BITS)),
            encoder.pixels.valid.eq(self.words.valid & ~waits),
            encoder.clear.eq(waits),
            self.words.ready.eq(encoder.pixels.ready & ~waits & (last | place.all())),
        ]
        with m.If(given):
            m.d.sync += pixel.eq(Mux(last, 0, pixel + 1))

        # What the encoder still sends belongs to the image before.
        sent, events = encoder.events, self.events
        begins = waits & ~sent.valid
        m.d.comb += [
            events.valid.eq(sent.valid | waits),
            events.payload.eq(sent.payload),
            sent.ready.eq(events.ready),
        ]
        with m.If(begins):
            m.d.comb += [events.payload.kind.eq(Kind.ADVANCE), events.payload.tick.eq(1)]
        begun = begins & events.ready
        m.d.sync += self.abort_image.eq(begun)
        with m.If(begun):
            m.d.sync += waits.eq(0)
        with m.If(self.cut):
            m.d.sync += [waits.eq(1), pixel.eq(0)]

        walks = ~encoder.pixels.ready
        m.d.comb += self.busy.eq((pixel != 0) | walks | events.valid | self.abort_image)
