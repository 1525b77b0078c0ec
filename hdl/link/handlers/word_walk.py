# SPDX-License-Identifier: BSD-2-Clause
"""The WordWalk, an address counter for the chunks of the weight words of all layers."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import weights_layout
from firstspike.hdl.layer.words import chunks_of
from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.counting import next_or
from firstspike.hdl.link.protocol.formats import ADDRESS_FORMAT


class WordWalk(Block):
    """An address counter for the chunks of weight words: `address` of a word in `layer`.

    The counter has no limits: the Core reports an error for a word that does not exist.

    Latency: 1 cycle.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._layers = config.layers
        request = weights_layout(config)
        super().__init__(
            #: Go to the first chunk of the word at `place`.
            start=In(1),
            #: Layer and address, packed as in the protocol.
            place=In(8 * ADDRESS_FORMAT.size),
            #: Layer or address in `place` exceed the widths of `layer` or `address`.
            outside=Out(1),
            #: Go to the next chunk.
            advance=In(1),
            #: The chunk is the last one of its word.
            whole=Out(1),
            #: The chunk is not the first one of its word.
            begun=Out(1),
            #: Go to the first word of the first layer.
            first=In(1),
            #: Go to the first word of the next layer.
            leave=In(1),
            layer=Out(request["layer"].shape),
            address=Out(request["address"].shape),
        )

    def build(self, m: Module) -> None:
        chunk = Signal(range(max(map(chunks_of, self._layers))))
        last_chunk = Array(chunks_of(layer) - 1 for layer in self._layers)[self.layer]
        layer, address = self.place[:8], self.place[8:]
        m.d.comb += [
            self.whole.eq(chunk == last_chunk),
            self.begun.eq(chunk != 0),
            self.outside.eq(
                (layer >> len(self.layer)).any() | (address >> len(self.address)).any()
            ),
        ]
        goes_on = self.advance & self.whole
        with m.If(self.advance):
            m.d.sync += chunk.eq(chunk + 1)
        with m.If(self.start | goes_on):
            m.d.sync += [chunk.eq(0), self.address.eq(next_or(self.start, address, self.address))]
        with m.If(self.start | self.leave):
            m.d.sync += self.layer.eq(Mux(self.start, layer, self.layer + 1))
        with m.If(self.first | self.leave):
            m.d.sync += [chunk.eq(0), self.address.eq(0)]
        with m.If(self.first):
            m.d.sync += self.layer.eq(0)
