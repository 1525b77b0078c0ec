# SPDX-License-Identifier: BSD-2-Clause
"""The registers for the weights: an auto-incrementing address, and the data."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.core.weight_address import WeightAddressCounter
from firstspike.hdl.lib.block import Block, assign_members

from .core_map import WEIGHT_ADDRESS
from .register_file import port_signature


class WeightPort(Block):
    """Two registers for a weight word in the core: register 0 is its address, register 1 its data.

    An access to the data is refused while the core is `busy`, and if the word does not exist.
    Within a word, a write of the address and a write after a read are refused. The address
    increments at the end of a word, also from layer to layer.

    Latency: 0 cycles for the address; for the data, that of the core's port. Throughput: one access
    at a time.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__(
            #: Accesses to the two registers.
            port=In(port_signature(2)),
            #: The core is busy.
            busy=In(1),
            #: A word has been accessed partially.
            within_word=Out(1),
            **{
                name: CoreSignature(config).flip().members[name]
                for name in ("weights", "weights_read")
            },
        )

    def build(self, m: Module) -> None:
        port, request, read = self.port, self.weights.payload, self.weights_read
        m.submodules.counter = counter = WeightAddressCounter(self._config)
        layer_field, address_field = WEIGHT_ADDRESS
        was_read = Signal()  # the latest access to the data was a read
        requesting, reading = Signal(), Signal()
        refused = self.busy | ~counter.exists | (port.write & self.within_word & was_read)
        m.d.comb += [
            self.within_word.eq(counter.within_word),
            counter.new_layer.eq(port.data[layer_field.low :][: layer_field.bits]),
            counter.new_address.eq(port.data[address_field.low :]),
            counter.load_layer.eq(counter.load_address),
            request.write.eq(port.write),
            assign_members(request, counter, "layer", "address"),
            request.data.eq(port.data),
            self.weights.valid.eq(requesting),
            read.ready.eq(reading),
        ]
        with m.If(~port.index[0]):
            m.d.comb += [
                port.done.eq(1),
                port.refused.eq(port.write & self.within_word),
                port.answer[layer_field.low :][: layer_field.bits].eq(counter.layer),
                port.answer[address_field.low :][: address_field.bits].eq(counter.address),
                counter.load_address.eq(port.valid & port.write & ~self.within_word),
            ]
        with m.Elif(port.valid & ~requesting & ~reading):
            m.d.comb += [port.done.eq(refused), port.refused.eq(refused)]
            m.d.sync += requesting.eq(~refused)
        with m.Else():
            accepted = Mux(port.write, requesting & self.weights.ready, reading & read.valid)
            m.d.comb += [
                counter.advance.eq(accepted),
                port.done.eq(accepted),
                port.answer.eq(read.payload.data),
            ]
        with m.If(requesting & self.weights.ready):
            m.d.sync += [requesting.eq(0), reading.eq(~port.write)]
        with m.If(reading & read.valid):
            m.d.sync += reading.eq(0)
        with m.If(counter.advance):
            m.d.sync += was_read.eq(~port.write)
