# SPDX-License-Identifier: BSD-2-Clause
"""The handler of STATUS, which reports dropped frames."""

from amaranth.hdl import Cat, Module, ShapeLike, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import tap
from firstspike.hdl.link.framing.receiver import CAUSE_BITS
from firstspike.hdl.link.protocol.formats import Request

from .handler import Handler, bytes_of

DROPPED_BITS = 16


class StatusHandler(Handler):
    """Count the frames that the Receiver drops, and answer STATUS with the count.

    After a dropped frame, the Engine executes STATUS internally to send a notice (ERROR).

    Latency: 1 cycle.
    """

    requests = (Request.STATUS,)

    def __init__(self, index: ShapeLike) -> None:
        super().__init__(
            index,
            #: A frame that the Receiver has dropped.
            fault=In(tap(cause=CAUSE_BITS)),
            #: A frame has been dropped since the latest notice.
            unreported=Out(1),
        )

    def build(self, m: Module) -> None:
        request, response = self.request, self.request.response
        cause, dropped = Signal(CAUSE_BITS), Signal(DROPPED_BITS)
        values = [*bytes_of(cause, 1), *bytes_of(dropped, DROPPED_BITS // 8)]
        # A copy, because the values may change during the response; its lowest byte is next.
        record = Signal(8 * len(values))
        with m.If(request.execute):
            m.d.sync += record.eq(Cat(values))
        with m.Elif(response.ready):
            m.d.sync += record.eq(record >> 8)
        m.d.comb += [
            request.payload.ready.eq(1),
            request.done.eq(1),
            response.valid.eq(1),
            response.payload.data.eq(record[:8]),
            response.payload.end.eq(request.index[:2] == len(values)),
        ]
        with m.If(request.execute & request.internal):
            m.d.sync += self.unreported.eq(0)
        with m.If(self.fault.valid):
            m.d.sync += [cause.eq(self.fault.cause), dropped.eq(dropped + 1)]
            m.d.sync += self.unreported.eq(1)
