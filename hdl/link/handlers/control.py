# SPDX-License-Identifier: BSD-2-Clause
"""The handler of SETTINGS, the registers of the learning rule, and RESET."""

from amaranth.hdl import Cat, Module, ShapeLike, Signal, Value
from amaranth.lib.wiring import Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.learner.update_control import out_of_range
from firstspike.hdl.link.protocol.formats import SETTINGS_BYTES, SETTINGS_FORMAT, Request

from .handler import Handler, core_ports


class ControlHandler(Handler):
    """Execute RESET, and SETTINGS for a core that learns.

    If the value of any register is out of range, the handler refuses the whole request.

    Latency: 1 cycle, or until the core accepts the settings.
    """

    requests = (Request.RESET, Request.SETTINGS)

    def __init__(self, index: ShapeLike, config: CoreConfig) -> None:
        self._learns = config.learns
        super().__init__(
            index,
            #: Reset the core; high for a cycle.
            reset_core=Out(1),
            **core_ports(config, "settings"),
        )

    def build(self, m: Module) -> None:
        request = self.request
        resets = request.kind == Request.RESET
        m.d.comb += [request.payload.ready.eq(1), request.done.eq(1)]
        m.d.sync += self.reset_core.eq(request.execute & resets)
        self.respond(m)
        if self._learns:
            content = Signal(8 * SETTINGS_FORMAT.size)
            with m.If(request.payload.valid & (request.index < SETTINGS_FORMAT.size)):
                m.d.sync += content.eq(Cat(content[8:], request.payload.payload))
            values = _settings(content)
            invalid = (
                ~resets & Cat(out_of_range(name, value) for name, value in values.items()).any()
            )
            m.d.comb += [
                *(self.settings.payload[name].eq(value) for name, value in values.items()),
                self.settings.valid.eq(request.execute & ~resets & ~invalid),
                request.refused.eq(invalid),
                request.done.eq(resets | invalid | self.settings.ready),
            ]


def _settings(content: Signal) -> dict[str, Value]:
    """Return the registers of the learning rule in a payload, by name, with their full bytes."""
    values, offset = {}, 0
    for name, size in SETTINGS_BYTES.items():
        values[name] = content[offset:][: 8 * size]
        offset += 8 * size
    return values
