# SPDX-License-Identifier: BSD-2-Clause
"""Arbitration of a core's weight port between the flash loader at power-up and the link."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.flash import Fault
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import weights_layout
from firstspike.hdl.lib.block import Block, join

from .loader import Loader
from .spi import WIRES

WEIGHT_STATUS = wiring.Signature(
    {
        #: The core has no weights, or only a part of them.
        "missing": Out(1),
        #: The fault of the flash image.
        "fault": Out(Fault),
    }
)
"""Signature of the reason why a core with weights from a flash cannot decide."""


class WeightPortArbiter(Block):
    """Connect the weight port of a core first to the Loader, and afterwards to the link.

        flash -> Loader -------\\
                                weights -> core
        link_weights ----------/

    `status.missing` is high until the core has weights. The core has weights when the Loader has
    verified the flash image, or, after a fault, when the link has written the last word of the last
    layer. This test suffices because the link writes the words of a layer in order.

    Parameters: those of Loader.

    Latency: 0 cycles; throughput: one request per cycle. While `loading` is high, `link_weights`
    stalls.
    """

    def __init__(
        self, config: CoreConfig, identity: bytes, flash_address: int, clock_hz: int
    ) -> None:
        self._last = len(config.layers) - 1, config.layers[-1].words - 1
        self._loader = Loader(config, identity, flash_address, clock_hz)
        requests = stream.Signature(weights_layout(config))
        super().__init__(
            flash=Out(wiring.Signature(WIRES)),
            #: Requests from the link.
            link_weights=In(requests),
            #: Requests to the core.
            weights=Out(requests),
            #: The Loader is running, and the core must not be used.
            loading=Out(1),
            #: Whether the core lacks weights, and the fault of the flash image.
            status=Out(WEIGHT_STATUS),
        )

    def build(self, m: Module) -> None:
        m.submodules.loader = loader = self._loader
        link, request = self.link_weights, self.link_weights.payload
        join(m, loader, self.flash, *WIRES)
        m.d.comb += self.loading.eq(~loader.ready & (loader.fault == Fault.NONE))
        with m.If(self.loading):
            wiring.connect(m, loader.weights, wiring.flipped(self.weights))
        with m.Else():
            wiring.connect(m, wiring.flipped(link), wiring.flipped(self.weights))

        layer, address = self._last
        written = Signal()
        is_last = request.write & (request.layer == layer) & (request.address == address)
        with m.If(link.valid & link.ready & is_last):
            m.d.sync += written.eq(1)
        m.d.comb += [
            self.status.missing.eq(~loader.ready & ~written),
            self.status.fault.eq(loader.fault),
        ]
