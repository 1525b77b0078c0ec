# SPDX-License-Identifier: BSD-2-Clause
"""Turns a layer's input events into the operations of its lanes: the walks over the groups."""

from types import SimpleNamespace

from amaranth.hdl import Cat, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing import latencies
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.pipeline import Stage

from .event_register import EventRegister
from .layouts import Kind, operation_layout, read_layout, spikes_of, taken_layout
from .mask_places import MaskPlaces
from .row_list import RowList


class Sequencer(Block):
    """One walk over the groups for every tick that has events, or window without.

        events -> EventRegister -> what the first group does -> [RowList] -> [MaskPlaces] -> reads

    The first group takes the tick's rows as they arrive; the others replay them from the row
    list. In a layer with windows a walk that advances waits until the spikes of the one before
    have been sent.

    Latency from an event to its operation: `config.folding.operation_cycles`; from that of an
    image's end to `finished`: `latencies.FINISHED`, from `done` to an operation: `latencies.DONE`,
    from `freed` to one: `latencies.FREED`. Throughput: one operation a cycle; a walk takes
    max(1, rows) cycles a group, without gaps.
    """

    def __init__(self, config):
        self._config = config
        super().__init__(
            #: In order of time.
            events=In(stream.Signature(taken_layout(config))),
            #: What the lanes do, and the weight word it takes.
            operations=Out(stream.Signature(read_layout(config))),
            #: The image bit of the latest decided image; its events are taken and discarded,
            #: from the next cycle on.
            decided_image=In(1),
            #: High while the image of the latest operation is a decided one, a cycle later.
            stale=Out(1),
            #: The image bit of the latest image whose end has been worked off (that of no
            #: image after a reset).
            finished_image=Out(1, init=1),
            #: A window layer's spikes up to the promise have been sent.
            done=In(1),
            #: Where the drain has places for masks: one is free again.
            freed=In(1) if config.folding.mask_places else None,
        )

    def build(self, m):
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
        busy = Signal()  # a window's spikes are being sent

        # What the first group does for the event. A signal a field: a constant part of a signal is
        # no legal Verilog process.
        op = SimpleNamespace(
            **{name: Signal(field.shape, name=name) for name, field in operation_layout(config)}
        )
        packed = Signal(operation_layout(config))
        m.d.comb += [packed[name].eq(signal) for name, signal in vars(op).items()]
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
                op.tick.eq(now + register.ticks),
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
        if folding.window:
            with m.If(self.done):
                m.d.sync += busy.eq(0)
            with m.If(goes & (op.end | op.advance)):
                m.d.sync += busy.eq(1)

        # To all groups, and to the lanes.
        if folding.groups == 1:
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
        if folding.rows == 1:
            m.submodules.addressed = addressed = Stage(read_layout(config), latencies.ADDRESS)
            wiring.connect(m, reads, addressed.i)
            reads = addressed.o
        if folding.mask_places:
            m.submodules.mask_places = places = MaskPlaces(config)
            wiring.connect(m, reads, places.i)
            join(m, wiring.flipped(self), places, "freed")
            reads = places.o
        wiring.connect(m, reads, wiring.flipped(self.operations))
