# SPDX-License-Identifier: BSD-2-Clause
"""A standalone core: the design of a board without a host, except pins and clock.

flash -> Loader -> weights
                     |
sensor's pins -> sensor -> Core -> Teller -> UartTransmitter -> tx
                   |                 |
                   +---- numbers ----+<------ UartReceiver <--- rx
"""

from typing import Protocol

from amaranth.hdl import Module, ResetInserter, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.flash import Fault
from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.flash.loader import WIRES, Loader
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.link.framing.uart import UartReceiver, UartTransmitter

from .status import ASK
from .teller import Teller

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
    tells: Value
    """Whether a decision on the latest image may be reported."""
    fault: Value
    """Number of the sensor's fault, from 1; 0 without a fault."""
    faults: tuple[str, ...]
    """A sentence for each fault."""
    counted: data.View
    """Counters for the status, with a `counted_layout`."""
    taken: Value
    """High in the cycle in which `counted` is sampled for an answer."""


class AloneCore(Block):
    """A core with its sensor, the flash loader, and a text reporter for decisions and status.

    The design reports a decision if `tells` of the sensor is high and the decision is not forced.
    A network of sound does not report its last class, 'none of the words' (`golden.said`). All
    other decisions are dropped.

    Until the weights are loaded and verified, the sensor is in reset, the core receives no event,
    and decisions stall. The design answers status requests nevertheless.

    Ports: the sensor's pins; `WIRES`, the pins of the flash; `tx`, text at `BAUD`; `rx`, which
    receives the byte `ASK` as status request at the same rate; `shown`, the class of the latest
    reported decision, valid while `shown_valid` is high; `waiting`, high until the weights are
    verified; the Core's taps log_0, log_1, ...

    Parameters: `config` and `network` of the core; `sensor`; `clock_hz`; `identity` of the design
    and `place` of the flash image, as for Loader.

    Latency and throughput: those of sensor, Core and Teller; the Teller stalls decisions while it
    sends a line.
    """

    def __init__(
        self,
        config: CoreConfig,
        network: Network,
        sensor: Sensor,
        *,
        clock_hz: int,
        identity: bytes,
        place: int,
    ) -> None:
        self._core, self._sensor = Core(config), sensor
        self._hears = network.sound is not None
        self._loader = Loader(config, identity, place, clock_hz)
        conditions = [LOADING, *FAULTS.values(), LISTENING, *sensor.faults]
        sensed = sensor.signature.members
        self._teller = Teller(network, conditions, identity, sensed["counted"].shape)
        divisor = round(clock_hz / BAUD)
        self._transmitter, self._receiver = UartTransmitter(divisor), UartReceiver(divisor)
        members = self._core.signature.members
        self._logs = {name: members[name] for name in members if name.startswith("log_")}
        inner = ("events", "tells", "fault", "counted", "taken")
        self._pins = {name: sensed[name] for name in sensed if name not in inner}
        classes = range(config.layers[-1].folding.n_out)
        super().__init__(
            **self._pins,
            **WIRES,
            tx=Out(1, init=1),
            rx=In(1, init=1),
            shown=Out(classes),
            shown_valid=Out(1),
            waiting=Out(1),
            **self._logs,
        )

    def build(self, m: Module) -> None:
        outside = wiring.flipped(self)
        core, sensor, loader, teller = self._core, self._sensor, self._loader, self._teller
        m.submodules.loader = loader
        m.submodules.sensor = ResetInserter(~loader.ready)(sensor)
        m.submodules.core = core
        m.submodules.teller = teller
        m.submodules.transmitter = transmitter = self._transmitter
        m.submodules.receiver = receiver = self._receiver
        join(m, outside, loader, *WIRES)
        join(m, outside, sensor, *self._pins)
        join(m, outside, core, *self._logs)
        join(m, outside, transmitter, "tx")
        join(m, outside, receiver, "rx")
        join(m, loader, core, "weights")
        join(m, teller, transmitter, "sent")

        sensed, said, decided = sensor.events, core.decision, teller.decision
        told = sensor.tells & ~said.payload.forced
        if self._hears:
            none = self._core.config.layers[-1].folding.n_out - 1
            told &= said.payload["class"] != none
        checked = loader.ready
        m.d.comb += [
            core.events.valid.eq(sensed.valid & checked),
            core.events.payload.eq(sensed.payload),
            sensed.ready.eq(core.events.ready & checked),
            decided.valid.eq(said.valid & told & checked),
            said.ready.eq((decided.ready | ~told) & checked),
            *(decided.payload[name].eq(said.payload[name]) for name in ("class", "tick")),
            self.waiting.eq(~loader.ready),
        ]
        with m.If(decided.valid & decided.ready):
            m.d.sync += [self.shown.eq(said.payload["class"]), self.shown_valid.eq(1)]

        came = receiver.received
        m.d.comb += [
            teller.asked.eq(came.valid & ~came.payload.broken & (came.payload.data == ASK[0])),
            teller.counted.eq(sensor.counted),
            sensor.taken.eq(teller.taken),
        ]

        with m.If(loader.ready):
            m.d.sync += teller.condition.eq(1 + len(FAULTS) + sensor.fault)
        with m.Else():
            m.d.sync += teller.condition.eq(loader.fault)
