# SPDX-License-Identifier: BSD-2-Clause
"""The sequencer of a layer that takes the next image's rows while the one before is decided."""

from amaranth.hdl import Cat, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.pipeline import Stage

from .layouts import Kind, operation_layout, read_layout, spikes_of, taken_layout
from .mask_places import count_places


class GatherSequencer(Block):
    """Two things at once: rows of an image are gathered, and the time of the one before advances.

        events -> register -> rows of image i + 1 -+-> operations
                     END -> [start] -> ticks of i -+

    All rows of an image are of one tick, so that its slope is known when they have all come. Its
    END waits until the image before is decided and the taker has that decision; then the lanes
    start with what they have gathered, and advance at once. What is sent of an image ends as soon
    as it is decided.

    Latency from an event to its operation: `config.folding.operation_cycles`; from `freed` to an
    operation that waits for it: `latencies.FREED`. Throughput: an event and a tick a cycle.
    """

    def __init__(self, config):
        if not config.folding.gathers:
            raise ValueError("a layer that does not gather has a Sequencer.")
        self._config = config
        super().__init__(
            #: Rows, and the image's end; they wait only behind an end.
            events=In(stream.Signature(taken_layout(config))),
            #: What the lanes do. They are always ready.
            operations=Out(stream.Signature(read_layout(config))),
            #: The image bit of the latest decided image (that of no image after a reset).
            decided_image=In(1),
            #: The image bit of the latest image of which nothing more is sent.
            finished_image=Out(1, init=1),
            #: The latest decision has been taken.
            may_start=In(1),
            #: The drain has one more place for a mask.
            freed=In(1),
        )

    def build(self, m):
        config, deadline = self._config, self._config.deadline
        m.submodules.register = register = Stage(taken_layout(config), latencies.EVENT)
        wiring.connect(m, wiring.flipped(self.events), register.i)
        event, present = register.o.payload, register.o.valid
        spikes = spikes_of(event, config.folding.rows)
        rows = Cat(there for there, _ in spikes) & present.replicate(len(spikes))
        waits = present & (event.kind == Kind.END)

        # The image whose time advances.
        image, ticking = Signal(init=1), Signal()
        operation = Signal(operation_layout(config))
        tick = Signal(operation.tick.shape())
        count = Signal(operation.context.spikes_in["0"].shape())  # of the rows gathered
        context = Signal(operation.context.shape())
        decided = image == self.decided_image
        finishing = ticking & (decided | (tick == deadline))
        starts, ends, advances = Signal(), Signal(), Signal()
        room = count_places(m, config, ends | advances, self.freed)
        m.d.comb += [
            starts.eq(waits & ~ticking & decided & self.may_start & room),
            ends.eq(finishing & room),
            advances.eq(starts | (ticking & ~finishing & room)),
            register.o.ready.eq(~waits | starts),
        ]
        m.d.sync += count.eq(Mux(starts, 0, count + sum(rows)))
        with m.If(advances):
            m.d.sync += [
                tick.eq(operation.tick),
                image.eq(operation.image),
                context.eq(operation.context),
                ticking.eq(1),
            ]
        with m.If(ends):
            m.d.sync += [ticking.eq(0), self.finished_image.eq(image)]

        read = self.operations.payload
        m.d.comb += [
            operation.image.eq(image),
            operation.tick.eq(tick + 1),
            operation.context.eq(context),
            operation.end.eq(ends),
            operation.start.eq(starts),
            operation.advance.eq(advances),
            operation.row.eq(rows),
            operation.first.eq(ends | advances),
            operation.closes.eq(ends | advances),
            self.operations.valid.eq(rows.any() | ends | advances),
            read.operation.eq(operation),
            *(
                address.eq(index)
                for address, (_, index) in zip(read.addresses, spikes, strict=True)
            ),
        ]
        with m.If(starts):
            m.d.comb += [
                operation.image.eq(event.image),
                operation.tick.eq(config.unit + 1),
                operation.context.spikes_in["0"].eq(count),
                operation.context.causes.eq(event.context.causes),
            ]
