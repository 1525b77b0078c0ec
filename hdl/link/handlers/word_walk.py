"""Walks over the weight words of all layers, chunk by chunk."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.words import chunks_of
from firstspike.hdl.lib.block import Block
from firstspike.hdl.link.protocol import ADDRESS_FORMAT

PLACE_BITS = 8 * ADDRESS_FORMAT.size


class WordWalk(Block):
    """Points to a chunk of a weight word.

    Ports
    -----
    start, place : go to the first chunk of the word at `place`, packed as in the protocol.
    everything : go from layer to layer, from the first word of all whatever `place` says.
    advance : go to the next chunk.
    whole : with `advance`, the word ends with this chunk.
    last : with `whole`, it is the last word of all.
    begun : some chunks of a word have been passed, but not all.
    outside : since `start` the walk has been at a place where there is no word.
    layer, address : of the word.
    """

    def __init__(self, config: CoreConfig):
        self._layers = config.layers
        super().__init__(
            start=In(1),
            place=In(PLACE_BITS),
            everything=In(1),
            advance=In(1),
            whole=Out(1),
            last=Out(1),
            begun=Out(1),
            outside=Out(1),
            layer=Out(range(len(config.layers))),
            address=Out(range(max(layer.words for layer in config.layers) + 1)),
        )

    def elaborate(self, platform):
        m = Module()
        layers = self._layers
        chunk = Signal(range(max(map(chunks_of, layers))))
        missed = Signal()
        inside, last_word = Signal(), Signal()
        with m.Switch(self.layer):
            for number, layer in enumerate(layers):
                with m.Case(number):
                    m.d.comb += [
                        inside.eq(self.address < layer.words),
                        last_word.eq(self.address == layer.words - 1),
                        self.whole.eq(chunk == chunks_of(layer) - 1),
                    ]
        last_layer = self.layer == len(layers) - 1
        m.d.comb += [
            self.last.eq(last_word & last_layer),
            self.begun.eq(chunk != 0),
            self.outside.eq(missed),
        ]
        place = Mux(self.everything, 0, self.place)
        layer, address = place[:8], place[8:]
        with m.If(self.start):
            m.d.sync += [
                chunk.eq(0),
                self.layer.eq(layer),
                self.address.eq(address),
                missed.eq((layer >= len(layers)) | (address >> len(self.address)).any()),
            ]
        with m.Elif(self.advance):
            m.d.sync += [chunk.eq(Mux(self.whole, 0, chunk + 1)), missed.eq(missed | ~inside)]
            with m.If(self.whole):
                m.d.sync += self.address.eq(self.address + 1)
                with m.If(self.everything & last_word):
                    m.d.sync += [self.address.eq(0), self.layer.eq(self.layer + 1)]
        return m
