# SPDX-License-Identifier: BSD-2-Clause
"""Walks over the weight words of all layers, chunk by chunk."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.words import chunks_of
from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.protocol.formats import ADDRESS_FORMAT


class WordWalk(Block):
    """Points to a chunk of a weight word: to `address` in `layer`."""

    def __init__(self, config: CoreConfig) -> None:
        self._layers = config.layers
        super().__init__(
            #: Go to the first chunk of the word at `place`.
            start=In(1),
            #: Packed as in the protocol.
            place=In(8 * ADDRESS_FORMAT.size),
            #: Go from layer to layer, from the first word of all whatever `place` says.
            everything=In(1),
            #: Go to the next chunk.
            advance=In(1),
            #: With `advance`, the word ends with this chunk.
            whole=Out(1),
            #: With `whole`, it is the last word of all.
            last=Out(1),
            #: Some chunks of a word have been passed, but not all.
            begun=Out(1),
            #: Since `start` the walk has been at a place where there is no word.
            outside=Out(1),
            layer=Out(range(len(config.layers))),
            address=Out(range(max(layer.words for layer in config.layers) + 1)),
        )

    def build(self, m: Module) -> None:
        layers = self._layers
        chunk = Signal(range(max(map(chunks_of, layers))))
        missed = Signal()
        # The layer's constants are chosen, and not what comes of each.
        last_address = Array(layer.words - 1 for layer in layers)[self.layer]
        last_chunk = Array(chunks_of(layer) - 1 for layer in layers)[self.layer]
        last_word = self.address == last_address
        last_layer = self.layer == len(layers) - 1
        m.d.comb += [
            self.whole.eq(chunk == last_chunk),
            self.last.eq(last_word & last_layer),
            self.begun.eq(chunk != 0),
            self.outside.eq(missed),
        ]
        layer, address = self.place[:8], self.place[8:]
        goes_on = self.advance & self.whole
        leaves = goes_on & self.everything & last_word
        with m.If(self.start):
            m.d.sync += missed.eq((layer >= len(layers)) | (address >> len(self.address)).any())
        with m.Elif(self.advance):
            m.d.sync += [chunk.eq(chunk + 1), missed.eq(missed | (self.address > last_address))]
        with m.If(self.start | goes_on):
            m.d.sync += [chunk.eq(0), self.address.eq(Mux(self.start, address, self.address + 1))]
        with m.If(self.start | leaves):
            m.d.sync += self.layer.eq(Mux(self.start, layer, self.layer + 1))
        with m.If(self.start & self.everything):
            m.d.sync += self.layer.eq(0)
        with m.If((self.start & self.everything) | leaves):
            m.d.sync += self.address.eq(0)
