# SPDX-License-Identifier: BSD-2-Clause
"""Counts the places in which the masks of fired lanes wait for the Drain."""

from amaranth.hdl import Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block

from .layouts import read_layout


class MaskPlaces(Block):
    """Lets an operation that makes a mask go only when there is a place for the mask.

    Lanes that never wait are too far from one another to be told to: whoever sends them operations
    counts what comes of these. Latency: 0, and `latencies.FREED` from a place that is free again to
    the operation that waits for it.
    """

    def __init__(self, config):
        self._config = config
        super().__init__(
            i=In(stream.Signature(read_layout(config))),
            o=Out(stream.Signature(read_layout(config))),
            #: A place is free again.
            freed=In(1),
        )

    def build(self, m):
        takes, operation = Signal(), self.i.payload.operation
        room = count_places(m, self._config, takes, self.freed)
        makes = operation.end | (operation.first & operation.advance)
        goes = room | ~makes
        m.d.comb += [
            takes.eq(self.i.valid & self.i.ready & makes),
            self.o.valid.eq(self.i.valid & goes),
            self.o.payload.eq(self.i.payload),
            self.i.ready.eq(self.o.ready & goes),
        ]


def count_places(m, config, takes, freed):
    """Whether there is a place: a register. `takes`, that one is taken; `freed`, given back."""
    places = config.folding.mask_places
    free, room = Signal(range(places + 1), init=places), Signal(init=1)
    with m.If(takes & ~freed):
        m.d.sync += [free.eq(free - 1), room.eq(free != 1)]
    with m.If(~takes & freed):
        m.d.sync += [free.eq(free + 1), room.eq(1)]
    return room
