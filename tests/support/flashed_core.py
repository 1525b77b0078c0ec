# SPDX-License-Identifier: BSD-2-Clause
"""The design under test: a StandaloneCore between streams of events and of text, with its flash.

requests -> UartTransmitter -> rx -> StandaloneCore -> tx -> UartReceiver -> text
                       events -> |
                            spi_flash.v <- filled
"""

from math import ceil

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flash.loader import REST_SECONDS
from firstspike.hdl.layer.events import input_layout
from firstspike.hdl.lib.block import Block, assign_handshake, assign_members, join, tap
from firstspike.hdl.link.framing.uart import RECEIVED, UartReceiver, UartTransmitter
from firstspike.hdl.standalone.core import BAUD, StandaloneCore
from firstspike.hdl.standalone.counts import counted_layout
from firstspike.sim.benches.flash.model import flash_verilog
from firstspike.sim.harness.verilog import verilog_of
from tests.support.flash_model import FLASH_ADDRESS, spi_flash

TOP = "firstspike_standalone"

CLOCK = 1_000_000
"""Hz: a slow clock makes few cycles of a bit of text."""

BROKEN = "sensor is broken"
"""The fault of the sensor."""


class StreamSensor(Block):
    """A sensor whose pins are a stream of images, and what it says of them and of itself.

    It counts each item that it gives as a sample.
    """

    faults = (BROKEN,)

    def __init__(self, config: CoreConfig) -> None:
        first = config.layers[0].folding
        layout = input_layout(first.n_in, config.deadline, first.rows)
        super().__init__(
            items=In(stream.Signature(layout)),
            telling=In(1),
            broken=In(1),
            events=Out(stream.Signature(layout)),
            reportable=Out(1),
            fault=Out(1),
            counted=Out(counted_layout()),
            counters_sampled=In(1),
        )

    def build(self, m: Module) -> None:
        """Put into the module m what is inside."""
        m.d.comb += [
            assign_handshake(self.events, self.items),
            self.events.payload.eq(self.items.payload),
            self.reportable.eq(self.telling),
            self.fault.eq(self.broken),
        ]
        with m.If(self.items.valid & self.items.ready):
            m.d.sync += self.counted.samples.eq(self.counted.samples + 1)


class FlashedCore(Block):
    """A StandaloneCore with a StreamSensor and a flash.

    `text` are the bytes that it sends, and `requests` those that it gets.
    """

    def __init__(self, config: CoreConfig, network: Network, identity: bytes) -> None:
        sensor = StreamSensor(config)
        self._core = StandaloneCore(
            config, network, sensor, clock_hz=CLOCK, identity=identity, flash_address=FLASH_ADDRESS
        )
        sensed = sensor.signature.members
        super().__init__(
            items=sensed["items"],
            telling=sensed["telling"],
            broken=sensed["broken"],
            #: A byte that the flash gets.
            filled=In(tap(address=24, data=8)),
            requests=In(stream.Signature(8)),
            text=Out(stream.Signature(RECEIVED)),
            waiting=Out(1),
        )

    def build(self, m: Module) -> None:
        """Put into the module m what is inside."""
        m.submodules.core = core = self._core
        m.submodules.receiver = receiver = UartReceiver(round(CLOCK / BAUD))
        m.submodules.transmitter = transmitter = UartTransmitter(round(CLOCK / BAUD))
        wiring.connect(m, wiring.flipped(self.requests), transmitter.sent)
        m.submodules.flash = spi_flash(self.filled, core, rest=ceil(REST_SECONDS * CLOCK))
        join(m, wiring.flipped(self), core, "items", "telling", "broken", "waiting")
        m.d.comb += [
            receiver.rx.eq(core.tx),
            core.rx.eq(transmitter.tx),
            assign_members(self.text, receiver.received, "valid", "payload"),
        ]


def flashed_verilog(config: CoreConfig, network: Network, identity: bytes) -> str:
    """Return the Verilog of a FlashedCore, with the flash."""
    return verilog_of(FlashedCore(config, network, identity), TOP) + flash_verilog()
