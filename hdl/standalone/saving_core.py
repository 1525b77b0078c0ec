# SPDX-License-Identifier: BSD-2-Clause
"""A standalone core that keeps words in the flash of its board (DESIGN, section 8).

            flash -> Loader --\\
              ^               weights -> Core
              +---- Saver <---/
"""

from typing import Any

from amaranth.hdl import Module, ResetInserter, Signal, Value, ValueLike
from amaranth.lib import enum, wiring

from firstspike.golden.flash import Fault, saved_address
from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flash.loader import Loader
from firstspike.hdl.flash.saver import Saver
from firstspike.hdl.flash.spi import WIRES

from .core import LOADING
from .teachable_core import TeachableCore, TeachableSensor

SAVE, FORGET = b"S", b"F"
"""The bytes that save the learned weights, and that make a saved image invalid."""

NOTICE_SECONDS = 1 / 50
"""Minimum time for which an event is reported: any line ends in less, at 115,200 baud."""

DAMAGED = "saved words are damaged"
RESTORED = "saved words loaded"
SAVING, FORGETTING = "saving words", "forgetting saved words"
PROTECTED = "flash is write-protected"


class Condition(enum.Enum):
    """Conditions that have priority over those of the sensor."""

    LOADING = 0
    DAMAGED = 1
    RESTORED = 2
    SAVING = 3
    FORGETTING = 4
    PROTECTED = 5


CONDITIONS = (LOADING, DAMAGED, RESTORED, SAVING, FORGETTING, PROTECTED)
"""The text of each Condition."""


class Request(enum.Enum):
    """A request that waits for the core."""

    NONE = 0
    SAVE = 1
    FORGET = 2


class SavingCore(TeachableCore):
    """A TeachableCore whose last layer starts with the saved weights, if the flash has some.

    The byte `SAVE` on `rx` saves the weights of the last layer, and `FORGET` makes the saved image
    invalid. A request begins when the decision of the image in the core has left and no passes are
    under way; until it has ended, the core accepts no event. Meanwhile the sensor works as with any
    core that is busy: it keeps a word that ends, and loses samples if a second word ends. A request
    that arrives while another one waits replaces it; one that arrives while another one is executed
    waits for its end. Requests are ignored until the flash is read.

    With a damaged image the sensor remains in reset, and nothing is decided, learned or saved.

    Ports: those of TeachableCore, and `WIRES`, the pins of the flash.

    Parameters: those of TeachableCore; `region`, as for Saver.

    Latency and throughput: those of TeachableCore; at power-up the latency of Loader comes first.
    """

    def __init__(
        self,
        config: CoreConfig,
        network: Network,
        sensor: TeachableSensor,
        *,
        clock_hz: int,
        identity: bytes,
        region: int,
        **parameters: Any,
    ) -> None:
        last, address = len(config.layers) - 1, saved_address(region)
        self._image_loader = Loader(config, identity, address, clock_hz, last)
        self._saver = Saver(config, identity, region, clock_hz)
        self._notice_cycles = round(NOTICE_SECONDS * clock_hz)
        self._usable = Signal(name="usable")  # every weight is trained, or every weight is saved
        super().__init__(
            config,
            network,
            sensor,
            clock_hz=clock_hz,
            identity=identity,
            conditions=CONDITIONS,
            **WIRES,
            **parameters,
        )

    def _connect_loader(self, m: Module) -> Value:
        m.submodules.loader = loader = self._image_loader
        m.submodules.saver = saver = self._saver
        core, loaded, usable = self._core, Signal(), self._usable
        m.d.comb += [
            loaded.eq(loader.ready | (loader.fault != Fault.NONE)),
            usable.eq(loaded & (loader.fault != Fault.DAMAGED)),
        ]
        m.submodules.sensor = ResetInserter(~usable)(self._sensor)
        for block, selected in ((loader, ~loaded), (saver, loaded)):
            m.d.comb += block.miso.eq(self.miso)
            with m.If(selected):
                m.d.comb += [
                    core.weights.valid.eq(block.weights.valid),
                    core.weights.payload.eq(block.weights.payload),
                    block.weights.ready.eq(core.weights.ready),
                    *(getattr(self, one).eq(getattr(block, one)) for one in ("cs", "sck", "mosi")),
                ]
        # A constant: synthesis then omits the weight ports of the other layers.
        m.d.comb += core.weights.payload.layer.eq(len(core.config.layers) - 1)
        wiring.connect(m, core.weights_read, saver.weights_read)
        self._request(m, loaded)
        self._report(m)
        return usable & ~saver.busy

    def _request(self, m: Module, loaded: Signal) -> None:
        """Keep the latest request until the Saver can begin."""
        sensor, saver, received = self._teachable, self._saver, self._receiver.received
        request = Signal(Request)
        # The label of an image waits from before its first event until the core accepts this event.
        core_idle = ~self._core.busy & ~self._core.decision.valid
        begins = ~saver.busy & core_idle & ~sensor.labels.valid & ~sensor.learning
        m.d.comb += [
            saver.save.eq(begins & (request == Request.SAVE)),
            saver.forget.eq(begins & (request == Request.FORGET)),
        ]
        with m.If(begins):
            m.d.sync += request.eq(Request.NONE)
        is_byte = received.valid & ~received.payload.broken
        with m.If(is_byte & self._usable & (received.payload.data == SAVE[0])):
            m.d.sync += request.eq(Request.SAVE)
        with m.If(is_byte & loaded & (received.payload.data == FORGET[0])):
            m.d.sync += request.eq(Request.FORGET)

    def _report(self, m: Module) -> None:
        """Report events for `NOTICE_SECONDS`, and otherwise the condition of board and sensor."""
        loader, saver, condition = self._image_loader, self._saver, self._reporter.condition
        notice, cycles_left = Signal(Condition), Signal(range(self._notice_cycles + 1))
        was_usable, was_failed = Signal(), Signal()
        m.d.sync += [was_usable.eq(self._usable), was_failed.eq(saver.failed)]

        def hold(value: ValueLike) -> None:
            m.d.sync += [notice.eq(value), cycles_left.eq(self._notice_cycles)]

        with m.If(loader.ready & ~was_usable):
            hold(Condition.RESTORED)
        with m.Elif(saver.busy & saver.forgets):
            hold(Condition.FORGETTING)
        with m.Elif(saver.busy):
            hold(Condition.SAVING)
        with m.Elif(saver.failed & ~was_failed):
            hold(Condition.PROTECTED)
        with m.Elif(cycles_left != 0):
            m.d.sync += cycles_left.eq(cycles_left - 1)

        with m.If(cycles_left != 0):
            m.d.sync += condition.eq(notice)
        with m.Elif(was_usable):
            m.d.sync += condition.eq(self._listening + self._sensor.fault)
        with m.Elif(saver.forgets & ~saver.failed):
            m.d.sync += condition.eq(Condition.FORGETTING)
        with m.Elif(loader.fault == Fault.DAMAGED):
            m.d.sync += condition.eq(Condition.DAMAGED)
        with m.Else():
            m.d.sync += condition.eq(Condition.LOADING)
