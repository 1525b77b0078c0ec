# SPDX-License-Identifier: BSD-2-Clause
"""The TailDropper, which drops the remaining beats of an image that was aborted."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block


class TailDropper(Block):
    """Pass the packets of a stream; after `drop`, discard the remaining beats of the packet.

    The source is not informed of an abort or of a reset by `command`, and continues its packet. The
    TailDropper therefore tracks whether the stream is within a packet. Only `aresetn` and `undrop`
    clear this state, for a source that is reset, too, and starts a new packet.

    Parameters: `shape` of a beat, which has a field `last`.

    Latency: 0 cycles; throughput: one beat per cycle.
    """

    def __init__(self, shape: ShapeLike) -> None:
        super().__init__(
            i=In(stream.Signature(shape)),
            o=Out(stream.Signature(shape)),
            #: High for a cycle: drop the rest of the current packet, up to its last beat. A beat
            #: that is transferred in this cycle still passes.
            drop=In(1),
            #: High for a cycle: the next beat starts a packet. Has priority over `drop`.
            undrop=In(1),
            #: Beats are being dropped.
            dropping=Out(1),
        )

    def build(self, m: Module) -> None:
        self._in_packet = in_packet = Signal()  # the stream is within a packet
        begins = Signal()
        accepted = self.i.valid & self.i.ready
        m.d.comb += [
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~self.dropping),
            self.i.ready.eq(self.dropping | self.o.ready),
            begins.eq(Mux(accepted, ~self.i.payload.last, in_packet)),
        ]
        m.d.sync += [
            in_packet.eq(begins & ~self.undrop),
            self.dropping.eq((self.dropping | self.drop) & begins & ~self.undrop),
        ]
