# SPDX-License-Identifier: BSD-2-Clause
"""How the line has done: STATUS, and the notice of frames that were dropped."""

from amaranth.hdl import Cat, Module, ShapeLike, Signal
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import tap
from firstspike.hdl.link.framing.receiver import CAUSE_BITS
from firstspike.hdl.link.protocol.formats import Request

from .handler import Handler, bytes_of

DROPPED_BITS = 16


class StatusHandler(Handler):
    """Counts the frames that the Receiver drops, and answers STATUS; unasked it is the notice.

    Latency: a cycle.
    """

    requests = (Request.STATUS,)

    def __init__(self, index: ShapeLike) -> None:
        super().__init__(
            index,
            #: Of the Receiver.
            fault=In(tap(cause=CAUSE_BITS)),
            #: Frames were dropped of which no notice tells.
            untold=Out(1),
        )

    def build(self, m: Module) -> None:
        request = self.request
        cause, dropped = Signal(CAUSE_BITS), Signal(DROPPED_BITS)
        m.d.comb += [request.payload.ready.eq(1), request.done.eq(1)]
        # They must not change in the middle of the answer.
        told = Signal(CAUSE_BITS + DROPPED_BITS)
        with m.If(request.do):
            m.d.sync += told.eq(Cat(cause, dropped))
        self.answer_with(m, [told[:CAUSE_BITS], *bytes_of(told[CAUSE_BITS:], DROPPED_BITS // 8)])
        with m.If(request.do & request.unasked):
            m.d.sync += self.untold.eq(0)
        with m.If(self.fault.valid):
            m.d.sync += [cause.eq(self.fault.cause), dropped.eq(dropped + 1), self.untold.eq(1)]
