# SPDX-License-Identifier: BSD-2-Clause
"""The handler of STORE and PLAY, which stores images and processes them at full speed."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import wiring

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.lib.block import join
from firstspike.hdl.link.protocol.formats import COUNTS_BYTES, STORE_FORMAT, Request
from firstspike.hdl.link.protocol.messages import bitmap_bytes

from .handler import WORD_BITS, Handler, bytes_of, core_ports
from .player import Player


class PlayingHandler(Handler):
    """Store images in the Player (STORE), run it, and answer with its counts (PLAY).

    Parameters: `images`, the number of images that the Player stores.

    Latency: of STORE 1 cycle, of PLAY until the last decision.
    """

    requests = (Request.STORE, Request.PLAY)

    def __init__(self, index: ShapeLike, config: CoreConfig, images: int) -> None:
        self._images = images
        self._player = Player(config, images)
        # The index of the checksum after an image.
        self._end = STORE_FORMAT.size + bitmap_bytes(config.layers[0].folding.n_in)
        super().__init__(index, **core_ports(config, "words", "decision"))

    def build(self, m: Module) -> None:
        m.submodules.player = player = self._player
        request, payload = self.request, self.request.payload
        stores = request.kind == Request.STORE
        # The fields in front of a bitmap, and the payload of PLAY, have as many bytes as `word`.
        numbers, has_numbers = Signal(WORD_BITS), Signal()
        stores_numbers = payload.valid & ~has_numbers & (request.index == STORE_FORMAT.size)
        with m.If(stores_numbers):
            m.d.sync += [numbers.eq(request.word), has_numbers.eq(1)]
        with m.If(request.execute):
            m.d.sync += has_numbers.eq(0)
        image, expected = numbers[:8], numbers[8:]
        count, rounds = numbers[:16], numbers[16:]

        is_image = image < self._images
        plays = (count != 0) & (count <= self._images) & (rounds != 0)
        started = Signal()
        ended = started & ~player.running
        m.d.sync += started.eq(request.execute & ~ended)
        m.d.comb += [
            payload.ready.eq(~stores_numbers),
            player.storing.eq(stores & has_numbers & is_image),
            player.number.eq(image),
            player.expected.eq(expected),
            player.byte.valid.eq(payload.valid & (request.index != self._end)),
            player.byte.data.eq(payload.payload),
            player.count.eq(count),
            player.rounds.eq(rounds),
            player.start.eq(request.execute & ~stores & plays & ~started),
            request.refused.eq(~Mux(stores, is_image, plays)),
            request.done.eq(stores | ~plays | ended),
        ]
        counts = []
        for name, size in COUNTS_BYTES.items():
            counts += bytes_of(player.counts[name], size)
        self.respond(m)
        with m.If(~stores):
            self.respond(m, counts)
        join(m, wiring.flipped(self), player, "words", "decision")
