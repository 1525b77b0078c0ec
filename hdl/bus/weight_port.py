# SPDX-License-Identifier: BSD-2-Clause
"""The registers for the weights: an auto-incrementing address, and the data."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.layer.words import chunks_of
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.block import Block

from .core_map import WEIGHT_ADDRESS
from .register_file import port_signature


class WeightPort(Block):
    """Register 0, the address, and register 1, the data: an access becomes one to the core's port.

    An access to the data is refused while the core is `busy`, and if the word does not exist.
    Within a word, a write of the address and a write after a read are refused. The address
    increments at the end of a word, also from layer to layer.

    Latency: of the address 0 cycles, of the data that of the core's port. Throughput: one access at
    a time.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._layers = config.layers
        super().__init__(
            #: Accesses to the two registers.
            port=In(port_signature(2)),
            #: The core is busy.
            busy=In(1),
            #: A word has been accessed partially.
            is_partial=Out(1),
            **{
                name: CoreSignature(config).flip().members[name]
                for name in ("weights", "weights_read")
            },
        )

    def build(self, m: Module) -> None:
        port, request, layers = self.port, self.weights.payload, self._layers
        of_layer, of_address = WEIGHT_ADDRESS
        layer = Signal(range(len(layers) + 1))
        address = Signal(request.address.shape())
        chunk = Signal(range(max(map(chunks_of, layers))))
        is_reading = Signal()  # the access to the current word is a read
        inside, last_word, last_chunk = Signal(), Signal(), Signal()
        with m.Switch(layer):
            for number, one in enumerate(layers):
                with m.Case(number):
                    m.d.comb += [
                        inside.eq(address < one.words),
                        last_word.eq(address == one.words - 1),
                        last_chunk.eq(chunk == chunks_of(one) - 1),
                    ]
        going, answering = Signal(), Signal()
        refuses = self.busy | ~inside | (port.write & self.is_partial & is_reading)
        reply = self.weights_read
        m.d.comb += [
            self.is_partial.eq(chunk != 0),
            request.write.eq(port.write),
            request.layer.eq(layer),
            request.address.eq(address),
            request.data.eq(port.data),
            self.weights.valid.eq(going),
            reply.ready.eq(answering),
        ]
        done = Signal()
        with m.If(~port.index[0]):
            m.d.comb += [
                port.done.eq(1),
                port.refused.eq(port.write & self.is_partial),
                port.answer[of_layer.low :][: of_layer.bits].eq(layer),
                port.answer[of_address.low :][: of_address.bits].eq(address),
            ]
            with m.If(port.valid & port.write & ~self.is_partial):
                m.d.sync += [
                    layer.eq(saturated(port.data[of_layer.low :][: of_layer.bits], len(layer))),
                    address.eq(saturated(port.data[of_address.low :], len(address))),
                ]
        with m.Elif(port.valid & ~going & ~answering):
            m.d.comb += [port.done.eq(refuses), port.refused.eq(refuses)]
            m.d.sync += going.eq(~refuses)
        with m.Else():
            m.d.comb += [
                done.eq(Mux(port.write, going & self.weights.ready, answering & reply.valid)),
                port.done.eq(done),
                port.answer.eq(reply.payload.data),
            ]
        with m.If(going & self.weights.ready):
            m.d.sync += [going.eq(0), answering.eq(~port.write)]
        with m.If(answering & reply.valid):
            m.d.sync += answering.eq(0)
        with m.If(done):
            m.d.sync += [chunk.eq(Mux(last_chunk, 0, chunk + 1)), is_reading.eq(~port.write)]
            with m.If(last_chunk):
                m.d.sync += address.eq(Mux(last_word, 0, address + 1))
                with m.If(last_word):
                    m.d.sync += layer.eq(layer + 1)
