# SPDX-License-Identifier: BSD-2-Clause
"""Sequencers: they turn events of a layer into operations of its lanes, in walks over the groups.

The Sequencer is that of most layers. The GatherSequencer is that of a layer whose images overlap.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.pipeline import Stage

from .config import LayerConfig
from .events import Kind, spikes_of, taken_layout
from .operations import (
    EventRegister,
    MaskPlaces,
    RowList,
    count_places,
    operation_layout,
    read_layout,
    walk_layout,
)
from .positions import PositionWalk


class Sequencer(Block):
    """One walk over the groups for every tick that has events, or window without.

        events -> EventRegister -> what the first group does -> [RowList] -> [MaskPlaces] -> reads

    The first group takes the tick's rows as they arrive; the others replay them from the row
    list. With windows, and where walks over positions are long, a walk that advances waits until
    the spikes of the one before have been sent.

    Latency from an event to its operation: `config.folding.operation_cycles`; from that of an
    image's end to `finished`: `latencies.FINISHED`, from `done` to an operation: `latencies.DONE`,
    from `freed` to one: `latencies.FREED`. Throughput: one operation per cycle; a walk
    takes max(1, rows) cycles per group, without gaps.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            #: In order of time.
            events=In(stream.Signature(taken_layout(config))),
            #: What the lanes do, and the weight word it takes.
            operations=Out(stream.Signature(read_layout(config))),
            #: Of the latest operation that starts or advances, or ends an image.
            walk=Out(walk_layout(config)) if config.walk_apart else None,
            #: The image bit of the latest decided image; its events are taken and discarded,
            #: from the next cycle on.
            decided_image=In(1),
            #: High while the image of the latest operation is a decided one, a cycle later.
            stale=Out(1),
            #: The image bit of the latest image whose end has been worked off (that of no
            #: image after a reset).
            finished_image=Out(1, init=1),
            #: Where one walk at a time advances: its spikes and its promise have been sent.
            done=In(1),
            #: Where the drain has places for masks: one is free again.
            freed=In(1) if config.folding.mask_places else None,
        )

    def build(self, m: Module) -> None:
        config, folding = self._config, self._config.folding
        m.submodules.event_register = register = EventRegister(config)
        join(m, wiring.flipped(self), register, "events")
        event, present, now = register.event, register.present, register.now
        is_spike, is_end = event.kind == Kind.SPIKE, event.kind == Kind.END
        spikes = Cat(present for present, _ in spikes_of(event, folding.rows))
        indices = [index for _, index in spikes_of(event, folding.rows)]
        consume = register.consume

        # Where the image stands.
        image = Signal()
        started = Signal()
        rows = Signal(range(folding.n_in + 1))  # spikes taken in, all ticks
        rows_before = Signal(range(folding.n_in + 1))  # the same, those before tick `now`
        busy = Signal()  # the spikes of a walk are being sent, and the next one waits

        # What the first group does for the event. A signal a field: a constant part of a signal is
        # no legal Verilog process.
        op = SimpleNamespace(
            **{name: Signal(field.shape, name=name) for name, field in operation_layout(config)}
        )
        packed = Signal(operation_layout(config))
        apart = walk_layout(config).members if config.walk_apart else ()
        m.d.comb += [
            packed[name].eq(op_of) for name, op_of in vars(op).items() if name not in apart
        ]
        issue = Signal()  # there is an operation to do, this one or one that is replayed
        step = Signal()  # there is room for it
        begin = Signal()  # `op` begins a walk with the first group, or adds a row to it
        replaying, open_ = Signal(), Signal()  # see RowList
        m.d.comb += [
            op.image.eq(event.image),
            op.row.eq(spikes),
            op.first.eq(1),
            op.closes.eq(folding.groups == 1),
            op.tick.eq(now),
            op.context.causes.eq(event.context.causes),
        ]
        counted = len(config.counted) - 1
        for i in range(counted):
            m.d.comb += op.context.spikes_in[str(i)].eq(event.context.spikes_in[str(i)])
        m.d.comb += op.context.spikes_in[str(counted)].eq(rows)

        # Which operation that is.
        with m.If(replaying):
            # Nothing more is done for an image that is decided in the middle of a walk.
            m.d.comb += issue.eq(~self.stale)
        with m.Elif(~present):
            pass
        with m.Elif(register.dead):
            # A decided image: nothing of it is worked on, but its end is passed on.
            m.d.comb += [op.end.eq(1), issue.eq(is_end), consume.eq(~is_end | step)]
        with m.Elif(~started):
            m.d.comb += [
                op.start.eq(1),
                op.tick.eq(event.tick),
                op.context.spikes_in[str(counted)].eq(0),
                issue.eq(1),
                begin.eq(1),
                consume.eq(step & ~is_end),
            ]
        with m.Elif(register.behind):
            m.d.comb += [
                op.advance.eq(1),
                op.shift.eq(register.shift),
                op.row.eq(Mux(register.arrives, spikes, 0)),
                op.tick.eq(register.reached),
                issue.eq(~busy),
                begin.eq(1),
                consume.eq(step & ~busy & register.arrives & ~is_end),
            ]
        with m.Elif(is_spike):
            m.d.comb += [op.first.eq(~open_), issue.eq(1), begin.eq(1), consume.eq(step)]
        with m.Elif(is_end):
            m.d.comb += [
                op.end.eq(1),
                # The deadline's own spikes come too late for its decision.
                op.context.spikes_in[str(counted)].eq(rows_before),
                issue.eq(~busy),
                consume.eq(step & ~busy),
            ]
        with m.Else():
            m.d.comb += consume.eq(1)  # a promise that has been kept already

        # What is remembered when the first group's operation goes.
        goes = issue & step & ~replaying
        m.d.comb += [
            register.decided_image.eq(self.decided_image),
            register.move.valid.eq(goes & ~op.end),
            register.move.starts.eq(op.start),
            register.move.advances.eq(op.advance),
            register.move.tick.eq(op.tick),
        ]
        m.d.sync += self.stale.eq(image == self.decided_image)
        with m.If(goes):
            m.d.sync += [image.eq(op.image), self.stale.eq(op.image == self.decided_image)]
            with m.If(op.end):
                m.d.sync += [started.eq(0), self.finished_image.eq(op.image)]
            with m.Else():
                m.d.sync += [started.eq(1), rows.eq(Mux(op.start, 0, rows) + sum(op.row))]
                with m.If(op.start | op.advance):
                    m.d.sync += rows_before.eq(Mux(op.start, 0, rows))
        if config.walk_apart and folding.convolves:
            with m.If(goes & (op.advance | op.end)):
                m.d.sync += self.walk.context.eq(op.context)
        elif config.walk_apart:
            # `now`, `image` and `rows_before` do not change before the next walk.
            context = Signal(event.context.shape())
            with m.If(goes & (op.start | op.advance | op.end)):
                m.d.sync += context.eq(event.context)
            walk = self.walk
            m.d.comb += [walk.tick.eq(now), walk.context.causes.eq(context.causes)]
            for i in range(counted):
                m.d.comb += walk.context.spikes_in[str(i)].eq(context.spikes_in[str(i)])
            m.d.comb += walk.context.spikes_in[str(counted)].eq(rows_before)
        if folding.one_walk:
            with m.If(self.done):
                m.d.sync += busy.eq(0)
            with m.If(goes & (op.end | op.advance)):
                m.d.sync += busy.eq(1)

        # To all groups or positions, and to the lanes.
        if folding.convolves:
            m.submodules.walk = walk = PositionWalk(config)
            reads = walk.reads
            m.d.comb += [
                walk.i.valid.eq(issue),
                walk.i.payload.operation.eq(packed),
                walk.i.payload.address.eq(indices[0]),
                walk.stale.eq(self.stale),
                step.eq(walk.i.ready),
            ]
        elif folding.groups == 1:
            reads = stream.Signature(read_layout(config)).create(path=("reads",))
            m.d.comb += [
                reads.valid.eq(issue),
                reads.payload.operation.eq(packed),
                *(
                    address.eq(index)
                    for address, index in zip(reads.payload.addresses, indices, strict=True)
                ),
                step.eq(reads.ready),
            ]
        else:
            m.submodules.row_list = row_list = RowList(config)
            reads = row_list.reads
            m.d.comb += [
                row_list.operation.eq(packed),
                row_list.begin.eq(begin),
                row_list.is_spike.eq(present & is_spike),
                row_list.rows.eq(Cat(indices)),
                row_list.complete.eq(present & register.due),
                row_list.stale.eq(self.stale),
                row_list.issue.eq(issue),
                step.eq(row_list.step),
                replaying.eq(row_list.replaying),
                open_.eq(row_list.open),
            ]
        if folding.rows == 1 and not folding.convolves:
            m.submodules.addressed = addressed = Stage(read_layout(config), latencies.ADDRESS)
            wiring.connect(m, reads, addressed.i)
            reads = addressed.o
        if folding.mask_places:
            m.submodules.mask_places = places = MaskPlaces(config)
            wiring.connect(m, reads, places.i)
            join(m, wiring.flipped(self), places, "freed")
            reads = places.o
        wiring.connect(m, reads, wiring.flipped(self.operations))


class GatherSequencer(Block):
    """Two things at once: rows of an image are gathered, and the time of the one before advances.

        events -> register -> rows of image i + 1 -+-> operations
                     END -> [start] -> ticks of i -+

    All rows of an image are of one tick, so that its slope is known when they have all come. Its
    END waits until the image before is decided and the taker has that decision; then the lanes
    start with what they have gathered, and advance at once. What is sent of an image ends as soon
    as it is decided.

    Latency from an event to its operation: `config.folding.operation_cycles`; from `freed` to an
    operation that waits for it: `latencies.FREED`. Throughput: one event and one tick per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
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

    def build(self, m: Module) -> None:
        config, deadline, unit = self._config, self._config.deadline, self._config.unit
        assert unit is not None
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

        # The operation: it adds rows, and beside that starts, advances or ends an image.
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
                operation.tick.eq(unit + 1),
                operation.context.spikes_in["0"].eq(count),
                operation.context.causes.eq(event.context.causes),
            ]
