# SPDX-License-Identifier: BSD-2-Clause
"""Credits for the free entries of the mask FIFO."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block


class MaskCredits(Block):
    """Credit-based flow control for the mask FIFO of the serialiser.

    An operation that produces a mask stalls until the FIFO has a free entry. The lanes behind never
    stall, because a stall signal would have to reach all of them in one cycle.

    Latency: 0 cycles, and `latencies.FREED` from `freed` to an operation that waits for it;
    throughput: one operation per cycle.

    Parameters: `shape` of the payloads, with a field `operation`; `depth` of the mask FIFO.
    """

    def __init__(self, *, shape: data.StructLayout, depth: int) -> None:
        if depth < 1:
            raise ValueError(f"a mask FIFO has at least 1 entry, not {depth}.")
        self._depth = depth
        super().__init__(
            i=In(stream.Signature(shape)),
            o=Out(stream.Signature(shape)),
            #: The mask FIFO has one more free entry.
            freed=In(1),
        )

    def build(self, m: Module) -> None:
        reserves, operation = Signal(), self.i.payload.operation
        room = count_credits(m, self._depth, reserves, self.freed)
        has_mask = operation.end | (operation.first & operation.advance)
        passes = room | ~has_mask
        m.d.comb += [
            reserves.eq(self.i.valid & self.i.ready & has_mask),
            self.o.valid.eq(self.i.valid & passes),
            self.o.payload.eq(self.i.payload),
            self.i.ready.eq(self.o.ready & passes),
        ]


def count_credits(m: Module, depth: int, reserves: Value, frees: Value) -> Signal:
    """Return a register that is high while a FIFO of `depth` entries has a free entry.

    `reserves` is high in each cycle that reserves an entry, `frees` in each cycle that releases
    one.
    """
    free, room = Signal(range(depth + 1), init=depth), Signal(init=1)
    with m.If(reserves & ~frees):
        m.d.sync += [free.eq(free - 1), room.eq(free != 1)]
    with m.If(~reserves & frees):
        m.d.sync += [free.eq(free + 1), room.eq(1)]
    return room
