# SPDX-License-Identifier: BSD-2-Clause
"""Sequencers, which turn events of a layer into operations of its lanes, in sweeps over the groups.

Most layers have a Sequencer. A layer with overlapped images has a GatherSequencer. In identifiers,
a sweep over groups or a scan of positions is a `walk`.
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
    """Sweep over the groups once for every tick with events, or window without events.

        events -> EventRegister -> operation of group 0 -> [RowList] -> [MaskPlaces] -> operations

    Group 0 processes the rows of a tick as they arrive. For the other groups, the RowList replays
    these rows. With windows, and with long scans of positions (`folding.one_sweep`), an advancing
    sweep stalls until all spikes of the previous sweep have been sent.

    Latency from an event to its operation: `config.folding.operation_cycles`; from the operation
    with `end` to `finished_image`: `latencies.FINISHED`; from `done` to an operation:
    `latencies.DONE`; from `freed` to an operation: `latencies.FREED`. Throughput: one operation per
    cycle; a sweep takes max(1, rows) cycles per group, without gaps.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            #: Events in order of time.
            events=In(stream.Signature(taken_layout(config))),
            #: Operations of the lanes, with the address of the weight word.
            operations=Out(stream.Signature(read_layout(config))),
            #: Tick and context of the latest operation that starts, advances or ends an image.
            walk=Out(walk_layout(config)) if config.walk_apart else None,
            #: The image bit of the latest decided image, whose events are accepted and discarded
            #: from the next cycle on.
            decided_image=In(1),
            #: The image of the latest operation is decided; registered.
            stale=Out(1),
            #: The image bit of the latest image whose END has left as an operation (after a reset,
            #: of no image).
            finished_image=Out(1, init=1),
            #: The spikes and the watermark of the advancing sweep have been sent (only used if
            #: `folding.one_sweep`).
            done=In(1),
            #: The mask FIFO of the Drain has one more free entry.
            freed=In(1) if config.folding.mask_slots else None,
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

        # The state of the image.
        image = Signal()
        started = Signal()
        rows = Signal(range(folding.n_in + 1))  # accepted spikes of all ticks
        rows_before = Signal(range(folding.n_in + 1))  # accepted spikes before tick `now`
        busy = Signal()  # the spikes of a sweep are being sent, and the next sweep stalls

        # The operation of group 0 for the event. Each field is a separate signal, because Verilog
        # allows no process that drives a constant part of a signal.
        op = SimpleNamespace(
            **{name: Signal(field.shape, name=name) for name, field in operation_layout(config)}
        )
        packed = Signal(operation_layout(config))
        apart = walk_layout(config).members if config.walk_apart else ()
        m.d.comb += [
            packed[name].eq(op_of) for name, op_of in vars(op).items() if name not in apart
        ]
        issue = Signal()  # valid: there is an operation, `op` or a replayed one
        step = Signal()  # ready: the next stage accepts the operation
        begin = Signal()  # `op` starts a sweep in group 0, or adds a row to it
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

        # Select the operation.
        with m.If(replaying):
            # A sweep stops if its image is decided in the meantime.
            m.d.comb += issue.eq(~self.stale)
        with m.Elif(~present):
            pass
        with m.Elif(register.dead):
            # Discard the events of a decided image except its END.
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
                # Spikes at the deadline do not count for a decision at the deadline.
                op.context.spikes_in[str(counted)].eq(rows_before),
                issue.eq(~busy),
                consume.eq(step & ~busy),
            ]
        with m.Else():
            m.d.comb += consume.eq(1)  # a watermark that the layer has already reached

        # The state changes when the operation of group 0 is transferred.
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
            # `now`, `image` and `rows_before` do not change before the next sweep.
            context = Signal(event.context.shape())
            with m.If(goes & (op.start | op.advance | op.end)):
                m.d.sync += context.eq(event.context)
            walk = self.walk
            m.d.comb += [walk.tick.eq(now), walk.context.causes.eq(context.causes)]
            for i in range(counted):
                m.d.comb += walk.context.spikes_in[str(i)].eq(context.spikes_in[str(i)])
            m.d.comb += walk.context.spikes_in[str(counted)].eq(rows_before)
        if folding.one_sweep:
            with m.If(self.done):
                m.d.sync += busy.eq(0)
            with m.If(goes & (op.end | op.advance)):
                m.d.sync += busy.eq(1)

        # Distribute the operation to all groups or positions.
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
        if folding.mask_slots:
            m.submodules.mask_slots = places = MaskPlaces(config)
            wiring.connect(m, reads, places.i)
            join(m, wiring.flipped(self), places, "freed")
            reads = places.o
        wiring.connect(m, reads, wiring.flipped(self.operations))


class GatherSequencer(Block):
    """The sequencer of a double-buffered layer, which accumulates one image and advances another.

        events -> register -> rows of image i + 1 -+-> operations
                     END -> [start] -> ticks of i -+

    The rows of an image have the same tick, so the slopes S are final when the last row has
    arrived. END stalls until the previous image is decided and its decision has left. The lanes
    then start with the accumulated S, and advance by one tick per cycle. The sequencer ends an
    image as soon as it is decided.

    Latency from an event to its operation: `config.folding.operation_cycles`; from `freed` to an
    operation that waits for it: `latencies.FREED`. Throughput: one event and one tick per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        if not config.folding.gathers:
            raise ValueError("a layer that does not gather has a Sequencer.")
        self._config = config
        super().__init__(
            #: Rows of an image, then its END; only an END stalls.
            events=In(stream.Signature(taken_layout(config))),
            #: Operations of the lanes, which must always be ready.
            operations=Out(stream.Signature(read_layout(config))),
            #: The image bit of the latest decided image (after a reset, of no image).
            decided_image=In(1),
            #: The image bit of the latest image whose end has been sent.
            finished_image=Out(1, init=1),
            #: The latest decision has left.
            may_start=In(1),
            #: The mask FIFO of the Drain has one more free entry.
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

        # The image that advances.
        image, ticking = Signal(init=1), Signal()
        operation = Signal(operation_layout(config))
        tick = Signal(operation.tick.shape())
        count = Signal(operation.context.spikes_in["0"].shape())  # of the accumulated rows
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

        # The operation adds rows and, in the same cycle, starts, advances or ends an image.
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
