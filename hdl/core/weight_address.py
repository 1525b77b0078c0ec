# SPDX-License-Identifier: BSD-2-Clause
"""The address counter for the chunks of the weight words of all layers."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.layer.words import LAYER_BITS, WEIGHT_ADDRESS_BITS, chunks_of
from firstspike.hdl.lib.arithmetic import below, saturated
from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.counting import next_or

from .config import CoreConfig
from .ports import weights_layout


class WeightAddressCounter(Block):
    """A counter for weight chunks, which knows the size of each layer and goes through all layers.

    The counter starts at the first chunk of `first_layer`. After the last chunk of a layer follows
    the first one of the next layer. After the last layer, and after loading an address that no word
    has, `exists` is low.

    Latency: 1 cycle; throughput: one chunk per cycle.
    """

    def __init__(self, config: CoreConfig, first_layer: int = 0) -> None:
        self._layers, self._first_layer = config.layers, first_layer
        request = weights_layout(config)
        super().__init__(
            #: Go to `new_layer`; the word and the chunk stay.
            load_layer=In(1),
            new_layer=In(LAYER_BITS),
            #: Go to the first chunk of the word at `new_address`; the layer stays.
            load_address=In(1),
            new_address=In(WEIGHT_ADDRESS_BITS),
            #: Go to the next chunk.
            advance=In(1),
            #: Go to the first chunk of `first_layer`.
            restart=In(1),
            #: `layer` and `address` are those of a word.
            exists=Out(1),
            #: The chunk is not the first one of its word.
            within_word=Out(1),
            #: The chunk is the last one of its word.
            ends_word=Out(1),
            #: The chunk is the last one of its layer.
            ends_layer=Out(1),
            #: The chunk is the last one of all layers.
            ends_all=Out(1),
            layer=Out(request["layer"].shape, init=first_layer),
            address=Out(request["address"].shape),
        )

    def build(self, m: Module) -> None:
        layer, address = self.layer, self.address
        chunk = Signal(range(max(map(chunks_of, self._layers))))
        in_last_word = Signal()
        with m.Switch(layer):
            for number, one in enumerate(self._layers):
                with m.Case(number):
                    m.d.comb += [
                        self.exists.eq(below(address, one.words)),
                        in_last_word.eq(address == one.words - 1),
                        self.ends_word.eq(chunk == chunks_of(one) - 1),
                    ]
        leaves_word = self.advance & self.ends_word
        leaves_layer = self.advance & self.ends_layer
        m.d.comb += [
            self.within_word.eq(chunk != 0),
            self.ends_layer.eq(self.ends_word & in_last_word),
            self.ends_all.eq(self.ends_layer & (layer == len(self._layers) - 1)),
        ]
        with m.If(self.advance):
            m.d.sync += chunk.eq(chunk + 1)
        with m.If(self.load_address | leaves_word):
            loaded = saturated(self.new_address, len(address))
            m.d.sync += [chunk.eq(0), address.eq(next_or(self.load_address, loaded, address))]
        with m.If(self.load_layer | leaves_layer):
            loaded = saturated(self.new_layer, len(layer))
            m.d.sync += layer.eq(next_or(self.load_layer, loaded, layer))
        with m.If(self.restart | leaves_layer):
            m.d.sync += [chunk.eq(0), address.eq(0)]
        with m.If(self.restart):
            m.d.sync += layer.eq(self._first_layer)
