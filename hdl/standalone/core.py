# SPDX-License-Identifier: BSD-2-Clause
"""A standalone core: the design of a board without a host, except pins and clock.

          flash -> Loader -> weights       (unless the bitstream contains the weights)
                     |
sensor's pins -> sensor -> Core -> TextReporter -> UartTransmitter -> tx
                   |                 |
                   +---- numbers ----+<------ UartReceiver <--- rx
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from amaranth.hdl import Const, Module, ResetInserter, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.flash import Fault
from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.flash.loader import Loader
from firstspike.hdl.flash.spi import WIRES
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.link.framing.uart import UartReceiver, UartTransmitter

from .status import STATUS_REQUEST
from .text_reporter import TextReporter

BAUD = 115_200
"""Bits per second of the text, with 8 data bits, no parity and one stop bit."""

LOADING, LISTENING = "loading weights", "listening"
FAULTS = {
    Fault.ABSENT: "no network in flash: it is empty or missing",
    Fault.FOREIGN: "no network in flash",
    Fault.OTHER: "another network in flash",
    Fault.DAMAGED: "network in flash is damaged",
}
"""Text for each fault of the flash image."""


class Sensor(Protocol):
    """A block that converts the signal of a sensor to images.

    Ports other than those below are pins of the board.
    """

    signature: wiring.Signature
    """The signature of the block."""
    events: stream.Interface
    """The events of the images, for the core."""
    reportable: Value
    """Whether a decision on the latest image may be reported."""
    fault: Value
    """Number of the sensor's fault or other condition, from 1; 0 without one."""
    faults: tuple[str, ...]
    """A sentence for each fault and condition."""
    counted: data.View
    """Counters for the status, with a `counted_layout`."""
    counters_sampled: Value
    """High in the cycle in which `counted` is sampled for an answer."""


class StandaloneCore(Block):
    """A core with its sensor, a text reporter for decisions and status, and the flash loader.

    The design reports a decision if `reportable` of the sensor is high and the decision is not
    forced. A network of sound does not report its last class, 'none of the words'
    (`golden.reporting`). All other decisions are dropped.

    Until the weights are loaded and verified, the sensor is in reset, the core receives no event,
    and decisions stall. The design answers status requests nevertheless. A design whose bitstream
    contains the weights has no loader, and starts at once.

    Ports: the sensor's pins; `tx`, text at `BAUD`; `rx`, which receives the byte `STATUS_REQUEST`
    at the same rate; `shown`, the class of the latest reported decision, valid while `shown_valid`
    is high; the Core's taps log_0, log_1, ... With weights in a flash also `WIRES`, the pins of the
    flash, and `waiting`, high until the weights are verified.

    Parameters: `config` and `network` of the core; `sensor`; `clock_hz`; `identity` of the design;
    `flash_address` of the flash image, as for Loader, or None if the bitstream contains the
    `weights`, as for Core; `conditions` and `ports` of a subclass.

    Latency and throughput: those of sensor, Core and TextReporter; the TextReporter stalls
    decisions while it sends a line.
    """

    _inner: tuple[str, ...] = ("events", "reportable", "fault", "counted", "counters_sampled")
    """Ports of the sensor that are not pins."""

    def __init__(
        self,
        config: CoreConfig,
        network: Network,
        sensor: Sensor,
        *,
        clock_hz: int,
        identity: bytes,
        flash_address: int | None,
        weights: Sequence[np.ndarray] | None = None,
        conditions: Sequence[str] = (),
        **ports: wiring.Member,
    ) -> None:
        self._core, self._sensor = Core(config, weights), sensor
        self._is_sound = network.sound is not None
        self._loader = None
        if flash_address is not None:
            self._loader = Loader(config, identity, flash_address, clock_hz)
            conditions, ports = [LOADING, *FAULTS.values()], {**WIRES, "waiting": Out(1)}
        self._listening = len(conditions)
        conditions = [*conditions, LISTENING, *sensor.faults]
        sensed = sensor.signature.members
        self._reporter = TextReporter(network, conditions, identity, sensed["counted"].shape)
        divisor = round(clock_hz / BAUD)
        self._transmitter, self._receiver = UartTransmitter(divisor), UartReceiver(divisor)
        members = self._core.signature.members
        self._logs = {name: members[name] for name in members if name.startswith("log_")}
        self._pins = {name: sensed[name] for name in sensed if name not in self._inner}
        classes = range(config.layers[-1].folding.n_out)
        super().__init__(
            **self._pins,
            **ports,
            tx=Out(1, init=1),
            rx=In(1, init=1),
            shown=Out(classes),
            shown_valid=Out(1),
            **self._logs,
        )

    def build(self, m: Module) -> None:
        outside = wiring.flipped(self)
        core, sensor, reporter = self._core, self._sensor, self._reporter
        loaded = self._connect_loader(m)
        m.submodules.core = core
        m.submodules.reporter = reporter
        m.submodules.transmitter = transmitter = self._transmitter
        m.submodules.receiver = receiver = self._receiver
        join(m, outside, sensor, *self._pins)
        join(m, outside, core, *self._logs)
        join(m, outside, transmitter, "tx")
        join(m, outside, receiver, "rx")
        join(m, reporter, transmitter, "sent")

        sensed, decision, reported = sensor.events, core.decision, reporter.decision
        is_reported = sensor.reportable & ~decision.payload.forced
        if self._is_sound:
            none = self._core.config.layers[-1].folding.n_out - 1
            is_reported &= decision.payload["class"] != none
        m.d.comb += [
            core.events.valid.eq(sensed.valid & loaded),
            core.events.payload.eq(sensed.payload),
            sensed.ready.eq(core.events.ready & loaded),
            reported.valid.eq(decision.valid & is_reported & loaded),
            decision.ready.eq((reported.ready | ~is_reported) & loaded),
            *(reported.payload[name].eq(decision.payload[name]) for name in ("class", "tick")),
        ]
        with m.If(reported.valid & reported.ready):
            m.d.sync += [self.shown.eq(decision.payload["class"]), self.shown_valid.eq(1)]

        received = receiver.received
        is_request = received.payload.data == STATUS_REQUEST[0]
        m.d.comb += [
            reporter.status_requested.eq(received.valid & ~received.payload.broken & is_request),
            reporter.counted.eq(sensor.counted),
            sensor.counters_sampled.eq(reporter.counters_sampled),
        ]

    def _connect_loader(self, m: Module) -> Value:
        """Add the sensor and the loader; return whether the core may be used."""
        sensor, loader, condition = self._sensor, self._loader, self._reporter.condition
        sensed = self._listening + sensor.fault
        if loader is None:
            m.submodules.sensor = sensor
            m.d.sync += condition.eq(sensed)
            return Const(1)
        m.submodules.loader = loader
        m.submodules.sensor = ResetInserter(~loader.ready)(sensor)
        join(m, wiring.flipped(self), loader, *WIRES)
        join(m, loader, self._core, "weights")
        m.d.comb += self.waiting.eq(~loader.ready)
        with m.If(loader.ready):
            m.d.sync += condition.eq(sensed)
        with m.Else():
            m.d.sync += condition.eq(loader.fault)
        return loader.ready
