# SPDX-License-Identifier: BSD-2-Clause
"""The weight port of a core behind a link, whose first weights come from the flash."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.flash import Fault
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import weights_layout
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.link.handlers.identity import LACK

from .loader import WIRES, Loader


class FirstWeights(Block):
    """Lets the Loader write the weights of a core, and then whoever is linked to it.

        flash -> Loader ---\\
                            weights -> core
        linked ------------/

    The core has weights when the Loader has found the image right. Else it has them when the linked
    one has written the last word of the last layer, for the words of a layer come in order.

    Parameters: those of Loader.

    Latency: none; what is linked waits while `loading`, as long as the Loader takes.
    """

    def __init__(self, config: CoreConfig, identity: bytes, place: int, clock_hz: int) -> None:
        self._last = len(config.layers) - 1, config.layers[-1].words - 1
        self._loader = Loader(config, identity, place, clock_hz)
        requests = stream.Signature(weights_layout(config))
        super().__init__(
            flash=Out(wiring.Signature(WIRES)),
            #: Requests of the linked one.
            linked=In(requests),
            #: Of the core.
            weights=Out(requests),
            #: The Loader is at work, and the core must not be used.
            loading=Out(1),
            lack=Out(LACK),
        )

    def build(self, m: Module) -> None:
        m.submodules.loader = loader = self._loader
        linked, asked = self.linked, self.linked.payload
        join(m, loader, self.flash, *WIRES)
        m.d.comb += self.loading.eq(~loader.ready & (loader.fault == Fault.NONE))
        with m.If(self.loading):
            wiring.connect(m, loader.weights, wiring.flipped(self.weights))
        with m.Else():
            wiring.connect(m, wiring.flipped(linked), wiring.flipped(self.weights))

        layer, address = self._last
        written = Signal()
        ends = asked.write & (asked.layer == layer) & (asked.address == address)
        with m.If(linked.valid & linked.ready & ends):
            m.d.sync += written.eq(1)
        m.d.comb += [
            self.lack.missing.eq(~loader.ready & ~written),
            self.lack.fault.eq(loader.fault),
        ]
