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
            untold=Out(1),
        )

    def build(self, m: Module) -> None:
        request, answer = self.request, self.request.answer
        cause, dropped = Signal(CAUSE_BITS), Signal(DROPPED_BITS)
        m.d.comb += [request.payload.ready.eq(1), request.done.eq(1)]
        # A copy, because the values may change during the answer; its highest bit is sent first.
        bytes_told = [*bytes_of(cause, 1), *bytes_of(dropped, DROPPED_BITS // 8)]
        told = Signal(8 * len(bytes_told))
        with m.If(request.do):
            m.d.sync += told.eq(Cat(reversed(bytes_told)))
        with m.Elif(answer.ready):
            m.d.sync += told.eq(told << 1)
        m.d.comb += [
            answer.valid.eq(1),
            answer.payload.data.eq(told[-1]),
            answer.payload.end.eq(request.index[:2] == len(bytes_told)),
        ]
        with m.If(request.do & request.unasked):
            m.d.sync += self.untold.eq(0)
        with m.If(self.fault.valid):
            m.d.sync += [cause.eq(self.fault.cause), dropped.eq(dropped + 1), self.untold.eq(1)]
