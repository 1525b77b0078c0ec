# SPDX-License-Identifier: BSD-2-Clause
"""Keeps the rest of an image that was ended early from becoming an image of its own."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block


class TailDropper(Block):
    """Passes the packets of a stream. It drops the rest of a packet that `drop` has ended.

    A source knows nothing of an abort or of a reset by `command`, and goes on with its packet. So
    this block remembers where the stream stands in its packet. Only `aresetn` and `undrop` let it
    forget that: a source that was reset, too, begins anew.

    Parameters: `shape` of a beat, which has a field `last`.

    Latency: 0 cycles; throughput: one beat per cycle.
    """

    def __init__(self, shape: ShapeLike) -> None:
        super().__init__(
            i=In(stream.Signature(shape)),
            o=Out(stream.Signature(shape)),
            #: High for a cycle: drop the rest of the packet that has begun, up to its last beat.
            #: A beat that is taken in this cycle still passes.
            drop=In(1),
            #: High for a cycle: the next beat begins a packet. Wins over `drop`.
            undrop=In(1),
            #: Beats are dropped.
            dropping=Out(1),
        )

    def build(self, m: Module) -> None:
        self._begun = begun = Signal()  # the stream is amid a packet
        begins = Signal()
        taken = self.i.valid & self.i.ready
        m.d.comb += [
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~self.dropping),
            self.i.ready.eq(self.dropping | self.o.ready),
            begins.eq(Mux(taken, ~self.i.payload.last, begun)),
        ]
        m.d.sync += [
            begun.eq(begins & ~self.undrop),
            self.dropping.eq((self.dropping | self.drop) & begins & ~self.undrop),
        ]
